package asterisk

import (
	"context"

	"recgate/ami"
)

// rights are the actions that exist on the PBX and that this user may use:
// the answer of ListCommands, which needs no right itself. Under the names of
// modules they say whether those are loaded, as far as that may be asked.
type rights map[string]bool

// all reports whether every one of these actions may be used.
func (r rights) all(actions ...string) bool {
	for _, a := range actions {
		if !r[a] {
			return false
		}
	}
	return true
}

// hasNot reports whether the PBX says that it has not loaded a module.
func (r rights) hasNot(module string) bool {
	loaded, known := r[module]
	return known && !loaded
}

// listing returns the action that lists all channels, or "".
func (r rights) listing() string {
	for _, action := range []string{"CoreShowChannels", "Status"} {
		if r[action] {
			return action
		}
	}
	return ""
}

// askRights asks what may be asked. Monitor says whether its module matters.
func (s *server) askRights(ctx context.Context, monitorWanted bool) (rights, error) {
	answer, err := s.Do(ctx, ami.NewAction("ListCommands"))
	if err != nil {
		return nil, err
	}
	r := make(rights, len(answer))
	for _, h := range answer {
		r[h.Name] = true
	}
	return r, s.askModules(ctx, r, monitorWanted)
}
