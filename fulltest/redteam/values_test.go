//go:build full

package redteam_test

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mark is in every hostile value, so that it can be looked for wherever it
// should not be: in what Asterisk was told, in names of files, in headers.
const mark = "rEdTeAm"

// hostile returns the texts that a caller may send, as bytes. canary is a
// folder in which a command of theirs would leave a file.
func hostile(canary string) []string {
	touch := fmt.Sprintf("/usr/bin/touch %s/", canary)
	var all []string
	for i, group := range [][]string{
		manager(touch), options(touch), shells(touch), dialplan(touch), paths(canary), statements(), logs(), markup(touch), unicodes(), lengths(),
	} {
		for k, value := range group {
			// Each command leaves a file of its own, so that one sees whose it was.
			all = append(all, strings.ReplaceAll(value, canary+"/", fmt.Sprintf("%s/%d-%d-", canary, i, k)))
		}
	}
	return all
}

// manager are values that would speak AMI.
func manager(touch string) []string {
	originate := "Action: Originate%[1]sChannel: Local/8440@internal%[1]sApplication: System%[1]sData: " + touch + "%[1]s%[1]s"
	all := []string{
		mark + "\r\nVariable: " + mark + "=1", mark + "\nOptions: b", mark + "\r", mark + "\n", "\r\n" + mark, mark + "\x00", "\x00" + mark,
		mark + "\r\n\r\nAction: Setvar\r\nVariable: " + mark + "\r\nValue: 1\r\n\r\n",
		mark + "\r\n\r\nAction: Command\r\nCommand: core stop now\r\n\r\n",
		mark + "\r\n\r\nAction: Hangup\r\nChannel: /^PJSIP/\r\n\r\n",
		mark + "\r\n\r\nAction: StopMixMonitor\r\nChannel: PJSIP/500-00000002\r\n\r\n",
		mark + "\r\n\r\nAction: Redirect\r\nChannel: PJSIP/500-00000002\r\nContext: internal\r\nExten: 8440\r\nPriority: 1\r\n\r\n",
	}
	// The ways to write a line break, those that only a careless decoder takes for one too.
	for _, lineBreak := range []string{
		"\r\n", "\n", "\r", "%0d%0a", "%0D%0A", "%250d%250a", "%u000d%u000a", "&#13;&#10;", "&#xD;&#xA;", "\\r\\n", "\\x0d\\x0a",
		"\xc0\x8d\xc0\x8a", "\xe0\x80\x8d\xe0\x80\x8a", "\xf0\x80\x80\x8d\xf0\x80\x80\x8a", // overlong UTF-8
		"\u560d\u560a", "\u010d\u010a", "\u0a0d", // whose lower bytes are CR and LF
		"\u0085", "\u2028", "\u2029", "\v", "\f", "\u240d\u240a",
	} {
		all = append(all, mark+strings.ReplaceAll("%[1]s"+originate, "%[1]s", lineBreak))
	}
	return all
}

// options are values that would become options or a command of MixMonitor,
// or name a channel that they should not.
func options(touch string) []string {
	return []string{
		mark + ".wav,," + touch, mark + ",b", mark + ")", ",b)" + mark, mark + ",i(" + mark + ")", mark + `\,,` + touch, `","` + touch + mark,
		mark + ",W(4)," + touch, "410," + mark, "410&" + mark, "410|" + mark, "410;" + mark, "410@internal," + mark, "Local/8440@" + mark + "/n;1",
		"/^PJSIP/" + mark, "PJSIP/500-00000002," + mark, "all " + mark, "* " + mark, "_X. " + mark, "410 " + mark, "${CHANNEL}" + mark,
	}
}

func shells(touch string) []string {
	var all []string
	for _, format := range []string{
		"; %s;", "$(%s)", "`%s`", "| %s", "|| %s", "&& %s", "& %s &", "\n%s\n", "'; %s; '", `" && %s && "`, "\"`%s`\"", "$((`%s`))", "<(%s)",
		"x;%s #", "';%s;#", "%%0a%s%%0a", "() { :;}; %s", "-oProxyCommand=%s", "@%s", "!%s", "\\`%s\\`", "{%s,x}",
	} {
		all = append(all, mark+fmt.Sprintf(format, touch), fmt.Sprintf(format, strings.ReplaceAll(touch, " ", "${IFS}"))+mark)
	}
	return all
}

func dialplan(touch string) []string {
	return []string{
		mark + "${SHELL(" + touch + ")}", mark + "^{SHELL(" + touch + ")}", mark + "${EXEC(System(" + touch + "))}", "SHELL(" + touch + ")" + mark,
		mark + "$[1+1]", mark + "${GLOBAL(" + mark + ")=1}", "SET(" + mark + "=1)", mark + "${ENV(PATH)}", mark + "${FILE(/etc/passwd)}",
		"MIXMONITOR(0x0,filename)" + mark, "__" + mark + "=1", mark + "${CURL(http://127.0.0.1:1/)}", mark + "${DB(a/b)}", "EVAL(" + mark + ")",
	}
}

func paths(canary string) []string {
	return []string{
		"../../" + mark + ".wav", "../" + mark, canary + "/" + mark, "/etc/" + mark, "..%2f..%2f" + mark, "....//....//" + mark, `..\..\` + mark,
		"file:///" + canary + "/" + mark, "./" + mark + "/../../x", mark + "/..", "~/" + mark, "%2e%2e/" + mark, "..;/" + mark, mark + ".wav\x00.txt",
		"\\\\host\\" + mark, "/dev/null" + mark, "/proc/self/environ" + mark, "C:" + mark,
	}
}

// statements are for SQLite and for MySQL.
func statements() []string {
	return []string{
		mark + "' OR '1'='1", mark + "'; DROP TABLE recordings; --", mark + "\" OR 1=1 --", mark + "' UNION SELECT 1,2,3,4,5,6 --",
		mark + `\'; DELETE FROM tags; --`, mark + "/*", mark + "*/", mark + "%", "%" + mark, "_" + mark, mark + `\`, mark + "' AND SLEEP(5) --",
		"0x3232" + mark, mark + "'||(SELECT 1)||'", mark + "`; DROP DATABASE recgate; --", mark + "');ATTACH DATABASE 'x' AS y;--", mark + "?", mark + ":a @b $1",
		mark + "' OR tag LIKE '%", mark + "'; UPDATE recordings SET state='ready'; --", mark + "\x1a", mark + "''", mark + `""`, "NULL" + mark,
	}
}

// logs are for people and programs that read the log, and for format strings.
func logs() []string {
	return []string{
		mark + "\n2026-11-21T12:00:00Z level=ERROR msg=forged", mark + "\" level=ERROR msg=\"forged", mark + `","level":"ERROR","msg":"forged`,
		mark + "\x1b[31m", mark + "\x1b]0;title\x07", mark + "\u009b31m", mark + "\b\b\b", mark + "\x7f", "\u202e" + mark, mark + "\t|",
		mark + "%s%s%s%n", mark + "%x%p%d", mark + "%!s(MISSING)", mark + "{{.}}{{printf \"%s\" .}}", mark + "${jndi:ldap://127.0.0.1:1/x}", mark + "{0}{}",
	}
}

func markup(touch string) []string {
	return []string{
		mark + "]]><!--", mark + "<![CDATA[x]]>", mark + "&lt;script&gt;", mark + "<script>alert(1)</script>", mark + "&xxe;", mark + "--><x/>",
		mark + "</tag><tag>other</tag>", mark + `"><img src=x onerror=1>`, mark + "<?php system('" + touch + "') ?>", mark + "<!DOCTYPE a>",
		mark + "</extenOrUniqueId></start><stop><extenOrUniqueId>500</extenOrUniqueId></stop>", mark + "&tag=other&method=stop&extenOrUniqueId=500",
		mark + "&amp;extenOrUniqueId=500", mark + "#x", mark + "?method=stop", mark + ";extenOrUniqueId=500", mark + "=500", mark + "+500%",
	}
}

func unicodes() []string {
	return []string{
		mark + "\u017f", "\uff14\uff11\uff10" + mark, "410\u200b" + mark, mark + "\u212a", mark + "e\u0301", mark + "\u00e9", mark + "\U0001f600",
		"\ufeff" + mark, mark + "\ufffd", mark + "\xff\xfe", mark + "\xed\xa0\x80", mark + "\xf4\x90\x80\x80", "\xc0\xaf" + mark, mark + "\u00a0",
		"\u0661\u0662" + mark, mark + "\u0130", mark + "\ufffe", mark + "\U000e0041", mark + "\u00ad",
	}
}

func lengths() []string {
	return []string{
		mark + strings.Repeat("A", 10_000), mark + strings.Repeat("\u00e9", 248), mark + strings.Repeat("\u00e9", 249), mark + strings.Repeat("%", 5000),
		mark + strings.Repeat("9", 80), mark + strings.Repeat("\r\n", 2000), mark + strings.Repeat("'", 248), mark + strings.Repeat("\U0001f600", 248),
	}
}

// isGood reports whether a value is printable text of up to 255 characters, which
// is a tag like any other.
func isGood(value string) bool {
	value = strings.Trim(value, " ")
	return utf8.ValidString(value) && utf8.RuneCountInString(value) <= 255 && !strings.ContainsFunc(value, func(r rune) bool {
		return unicode.IsControl(r) || r == utf8.RuneError || r == '\u2028' || r == '\u2029'
	})
}
