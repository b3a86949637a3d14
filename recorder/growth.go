package recorder

import (
	"context"
	"log/slog"

	"recgate/recording"
)

// watchGrowth reports a recording whose file has stopped growing although its
// channel talks. It may be silence that the telephone does not send, so the
// recording goes on.
func (s *Service) watchGrowth(ctx context.Context, p recording.PBX, rec recording.Recording, c recording.Channel) {
	files, err := openAll(p, rec.Tracks)
	defer s.closeAll(ctx, files)
	if err != nil {
		return // a start and the collecting say so
	}
	var size int64
	for _, f := range files {
		size += f.size
	}
	talking := c.State == recording.Up && c.Bridge != "" && !c.OnHold && size >= someSound
	if s.book.Grow(rec.ID, size, talking) {
		s.o.Log.ErrorContext(ctx, "recording has stopped growing", append(rec.Attrs(), slog.Int64("bytes", size))...)
	}
}
