package soap

import (
	"regexp"
	"slices"
	"strconv"

	"recgate/httpd"
)

// generated is what generators and stubs call arguments that they have no
// names for: in0 (Axis), arg0 (Java), param0 (PHP), p0, v1 (SOAPpy),
// __numeric_0 (NuSOAP), c-gensym3 (SOAP::Lite).
var generated = regexp.MustCompile(`(?i)^(?:_*(in|args?|param|parameter|p|v|numeric)[-_]?|([cs]-gensym))([0-9]{1,9})$`)

// numbered is what may stand beside names that are documented: in0, arg0 and
// param0 count from 0 in the documented order.
var numbered = regexp.MustCompile(`(?i)^(?:in|arg|param)([0-9]{1,2})$`)

// positions gives each argument its place in the documented order of an
// operation with n arguments, or -1 where its name says nothing. Where every
// name is generated, the names say how they are counted:
//
//   - SOAP::Lite counts all that it ever wrote: the order in the message is
//     all that its numbers tell;
//   - else with a 0 among the numbers they count from 0, and in SOAPpy's names
//     (v1), or where they are just 1 to n, from 1.
//
// One that is left out shifts none of the others, so in1 alone is the second.
func positions(args httpd.Arguments, n int) []int {
	var numbers []int
	ordered, fromOne := false, true
	for _, a := range args {
		m := generated.FindStringSubmatch(a.Name)
		if m == nil {
			return besideNames(args)
		}
		number, _ := strconv.Atoi(m[3]) // nine digits at most
		numbers = append(numbers, number)
		ordered = ordered || m[2] != ""
		fromOne = fromOne && (m[1] == "v" || m[1] == "V")
	}
	places := make([]int, len(args))
	for i := range args {
		switch {
		case ordered:
			places[i] = distinct(args[:i])
		case !slices.Contains(numbers, 0) && (fromOne || areOneTo(n, numbers)):
			places[i] = numbers[i] - 1
		default:
			places[i] = numbers[i]
		}
	}
	return places
}

// besideNames gives a place to those whose name holds one whatever the others
// are called.
func besideNames(args httpd.Arguments) []int {
	places := make([]int, len(args))
	for i, a := range args {
		places[i] = -1
		if m := numbered.FindStringSubmatch(a.Name); m != nil {
			places[i], _ = strconv.Atoi(m[1]) // two digits at most
		}
	}
	return places
}

// distinct counts the names of arguments.
func distinct(args httpd.Arguments) int {
	names := map[string]bool{}
	for _, a := range args {
		names[a.Name] = true
	}
	return len(names)
}

// areOneTo reports whether numbers are 1 to n, in any order.
func areOneTo(n int, numbers []int) bool {
	sorted := slices.Compact(slices.Sorted(slices.Values(numbers)))
	return len(sorted) == n && sorted[0] == 1 && sorted[n-1] == n
}
