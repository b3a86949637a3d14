// Package arch holds the plan of the house as a test: which folder may import
// which, who may use libraries from outside and start programs, how long files
// and functions may be, and how many methods types and interfaces may have. A
// new folder adds its row to rooms in rooms_test.go; everything else needs a
// reason in the commit that changes it.
package arch
