package sim

import "strings"

// splitArguments cuts "file,options,command" as an application of Asterisk
// does: at commas that are not in quotes or brackets, nor behind a backslash.
// Quotes and backslashes are taken away; what follows the second comma is the
// command, whole. So a comma in a file name lets the rest become options and
// a shell command.
func splitArguments(text string) [3]string {
	var args [3]string
	var field strings.Builder
	n, depth, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == '\\' && i+1 < len(text):
			i++
			field.WriteByte(text[i])
			continue
		case ch == '"':
			quoted = !quoted
			continue
		case ch == ',' && !quoted && depth <= 0 && n < 2:
			args[n] = field.String()
			field.Reset()
			n++
			continue
		case ch == '(' || ch == '[':
			depth++
		case ch == ')' || ch == ']':
			depth--
		}
		field.WriteByte(text[i])
	}
	args[n] = field.String()
	args[2] = strings.Trim(args[2], ",")
	return args
}

// parseOptions reads options such as "br(in.wav)i(ID)": a letter each, some
// with an argument in parentheses. An option without one has the empty text.
func parseOptions(text string) map[rune]string {
	options := map[rune]string{}
	for text != "" {
		letter := rune(text[0])
		text = text[1:]
		argument := ""
		if strings.HasPrefix(text, "(") {
			end := strings.IndexByte(text, ')')
			if end < 0 {
				break
			}
			argument, text = text[1:end], text[end+1:]
		}
		options[letter] = argument
	}
	return options
}
