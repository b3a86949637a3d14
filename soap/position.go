package soap

import (
	"regexp"
	"slices"
	"strconv"

	"recgate/httpd"
)

// generatedName matches the names that generators and stubs give to arguments
// without a name: in0 (Axis), arg0 (Java), param0 (PHP), p0, v1 (SOAPpy),
// __numeric_0 (NuSOAP), c-gensym3 (SOAP::Lite).
var generatedName = regexp.MustCompile(`(?i)^(?:_*(in|args?|param|parameter|p|v|numeric)[-_]?|([cs]-gensym))([0-9]{1,9})$`)

// numberedName matches the generated names that are understood even beside
// documented names: in0, arg0 and param0 count from 0 in the documented order.
var numberedName = regexp.MustCompile(`(?i)^(?:in|arg|param)([0-9]{1,2})$`)

// positions returns the position of each argument in the documented order of an
// operation with n arguments, or -1 for a name without a position. If every name is
// generated, the numbers in the names decide:
//
//   - SOAP::Lite numbers every element that it ever wrote, so only the order in the
//     message counts;
//   - SOAPpy's names (v1) count from 1, and so do others if their numbers are
//     exactly 1 to n, without a 0;
//   - all others count from 0.
//
// A number that is left out does not move the others: in1 alone is the second.
func positions(args httpd.Arguments, n int) []int {
	var numbers []int
	ordered, fromOne := false, true
	for _, a := range args {
		m := generatedName.FindStringSubmatch(a.Name)
		if m == nil {
			return positionsByName(args)
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
			places[i] = countNames(args[:i])
		case !slices.Contains(numbers, 0) && (fromOne || areOneTo(n, numbers)):
			places[i] = numbers[i] - 1
		default:
			places[i] = numbers[i]
		}
	}
	return places
}

// positionsByName returns the positions of arguments with a numbered name, and -1
// for all others.
func positionsByName(args httpd.Arguments) []int {
	places := make([]int, len(args))
	for i, a := range args {
		places[i] = -1
		if m := numberedName.FindStringSubmatch(a.Name); m != nil {
			places[i], _ = strconv.Atoi(m[1]) // two digits at most
		}
	}
	return places
}

// countNames returns how many different names arguments have.
func countNames(args httpd.Arguments) int {
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
