package recording

import "log/slog"

// Attrs are what a log line says of the recording.
func (r Recording) Attrs() []any {
	return []any{
		slog.String("recording", string(r.ID)), slog.String("pbx", r.PBX),
		slog.String("channel", r.Channel), slog.String("call", r.UniqueID), slog.String("tag", r.Tag()),
	}
}
