// Package s3 runs the S3 archive against versitygw, a real S3 server over a
// folder: the contract of an archive, a long recording in parts, what is
// damaged on the way, faults of the server, and a whole recgate serve that
// stores there and fetches from there:
//
//	go test -tags full ./fulltest/s3
//
// It needs versitygw in the cache, where fulltest/install builds it, and
// fails without.
package s3
