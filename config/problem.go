package config

import (
	"errors"
	"strings"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	From string // recgate.yaml:12, or the name of a variable; empty for a default
	Key  string // legacy.get_body, pbx.0.address; empty for the file as a whole
	Msg  string // with the value, unless it is a secret, and what to do
}

// Error implements error.
func (p Problem) Error() string {
	var parts []string
	for _, part := range []string{p.From, p.Key, p.Msg} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

// joinProblems returns all problems as one error, nil if there are none.
func joinProblems(problems []Problem) error {
	errs := make([]error, 0, len(problems))
	for _, p := range problems {
		errs = append(errs, p)
	}
	return errors.Join(errs...)
}

// OpenToEverybody is the error of a configuration that is valid, but gives recordings
// to everybody who can reach the port, unless there are API keys in the database,
// where this package does not look.
type OpenToEverybody struct{ problems []Problem }

// Error implements error.
func (o OpenToEverybody) Error() string { return joinProblems(o.problems).Error() }
