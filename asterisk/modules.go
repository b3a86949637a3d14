package asterisk

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"recgate/ami"
	"recgate/recording"
)

// The modules of Asterisk without which nothing is recorded, though it answers
// Success (wavModule), or the actions of a recorder are missing.
const (
	wavModule     = "format_wav.so"
	mixModule     = "app_mixmonitor.so"
	monitorModule = "res_monitor.so"
)

// moduleDeadline is how long a start that has failed may ask for the cause.
const moduleDeadline = 500 * time.Millisecond

// askModules asks for the modules of the recorders, where the user may.
func (s *server) askModules(ctx context.Context, r rights, monitorWanted bool) error {
	if !r["ModuleCheck"] { // it needs the write class system
		return nil
	}
	modules := []string{wavModule}
	if !r["MixMonitor"] {
		modules = append(modules, mixModule)
	}
	if !r["Monitor"] && monitorWanted {
		modules = append(modules, monitorModule)
	}
	for _, module := range modules {
		loaded, err := s.askModule(ctx, module)
		if err != nil {
			return err
		}
		if loaded != nil {
			r[module] = *loaded
		}
	}
	return nil
}

// askModule returns whether a module is loaded; nil when the PBX does not say.
func (s *server) askModule(ctx context.Context, module string) (loaded *bool, err error) {
	_, err = s.Do(ctx, ami.NewAction("ModuleCheck", "Module", module))
	var refused *ami.ResponseError
	switch is := err == nil; {
	case is, answerOf(err) == isNotLoaded:
		return &is, nil
	case errors.As(err, &refused):
		return nil, nil
	}
	return nil, err
}

// explainNoFile finds out whether a missing module is the cause why a file did
// not appear: it may have been unloaded since the login.
func (s *server) explainNoFile(ctx context.Context, cause error) error {
	if !errors.Is(cause, fs.ErrNotExist) {
		return cause
	}
	account := s.session.account
	if !s.session.may("ModuleCheck") {
		return account.unavailable(cause, "%s. Or Asterisk has not loaded its module %q, which this user is not allowed to check: run \"module show like format_wav\" on its console",
			recording.Message(cause), wavModule)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), moduleDeadline)
	defer cancel()
	loaded, err := s.askModule(ctx, wavModule)
	if err != nil || loaded == nil || *loaded {
		return cause
	}
	s.session.noteUnloaded(wavModule)
	s.wantLogin()
	return because(account.notLoaded(wavModule), cause)
}

func (a account) notLoaded(module string) error {
	return a.unavailable(nil, "the PBX %q has not loaded the module %q, which it needs to record: install it, load it with \"module load\" on the console of Asterisk, and remove its noload line from modules.conf; recgate notices it within 15 s",
		a.pbx, module)
}
