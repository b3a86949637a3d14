// Package asterisk tests recgate against real Asterisk servers, 16 and 22,
// with real SIP calls: the contract of a PBX, and the whole program from the
// URL to the WAV. Its tests carry the build tag full, which make test sets.
package asterisk
