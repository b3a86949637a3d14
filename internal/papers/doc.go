// Package papers keeps the pages of the project true where that is cheap: its
// test follows every link and path, and compares the keys, commands, metrics,
// libraries and texts that pages name with the files and the code that have
// them. When it fails, read both: either the page or the code is wrong.
package papers
