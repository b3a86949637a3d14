package asterisk

import (
	"errors"

	"recgate/ami"
)

// What Asterisk answers when it refuses an action, the same on 16 and 22. It
// has no codes for that.
const (
	noSuchChannel = "No such channel"
	couldNotStop  = "Could not stop monitoring channel"
	notLoadedText = "Module not loaded"         // to ModuleCheck
	noExtension   = "Extension does not exist." // to Originate: the dialplan does not have it
)

// answer is what such a text means.
type answer int

const (
	otherAnswer     answer = iota // nothing that is told apart
	isGone                        // the channel
	isNotRecorded                 // the channel
	isNotLoaded                   // the module
	isNotInDialplan               // the extension
)

var answers = map[string]answer{
	noSuchChannel: isGone, couldNotStop: isNotRecorded, notLoadedText: isNotLoaded, noExtension: isNotInDialplan,
}

// answerOf returns what a refusal means. It is the one place that reads the
// texts of Asterisk.
func answerOf(err error) answer {
	var refused *ami.ResponseError
	if !errors.As(err, &refused) {
		return otherAnswer
	}
	return answers[refused.Message]
}
