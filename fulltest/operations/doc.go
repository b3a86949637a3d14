// Package operations runs what the operation pages of docs/ tell an operator to do.
// Each block of commands in the page has a name behind its language; a scene,
// in a file of its own, plays the situation that the block is for (the
// database is lost, the disk is full), runs the block as it stands and looks
// at what became of the recordings, byte for byte. A block that no scene runs
// fails the test, and so does a command in the text that is in no block.
//
// To add a section to the page: name its blocks, add a scene to the table in
// scenes_test.go, and use the host in it: host.run runs a block, host.block
// gives the text of one that is not run by a shell, such as a piece of
// configuration. Another test may run a block instead: it gets the text from
// Block.
package operations
