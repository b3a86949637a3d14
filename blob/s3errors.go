package blob

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/minio/minio-go/v7"

	"recgate/recording"
)

// answers translates the error codes of S3 servers into words that an operator
// can act on. The codes are from the list of error responses in Amazon's S3 API
// reference; those with Minio in their name are of MinIO, and XAdminUserNotFound
// is versitygw's for an unknown key.
var answers = map[string]string{
	"NoSuchBucket":                   "the bucket of the archive does not exist: create it, or correct the key archive",
	"AccessDenied":                   notAllowed,
	"AllAccessDisabled":              notAllowed,
	"AccountProblem":                 notAllowed,
	"InvalidAccessKeyId":             wrongKeys,
	"SignatureDoesNotMatch":          wrongKeys,
	"InvalidToken":                   wrongKeys,
	"ExpiredToken":                   wrongKeys,
	"XAdminUserNotFound":             wrongKeys,
	"RequestTimeTooSkewed":           "the archive rejects the time of this machine: set its clock",
	"AuthorizationHeaderMalformed":   wrongRegion,
	"PermanentRedirect":              wrongRegion,
	"TemporaryRedirect":              wrongRegion,
	"InvalidRegion":                  wrongRegion,
	"BadDigest":                      damaged,
	"XAmzContentSHA256Mismatch":      damaged,
	"XAmzContentChecksumMismatch":    damaged,
	"QuotaExceeded":                  full,
	"XMinioStorageFull":              full,
	"XMinioAdminBucketQuotaExceeded": full,
	"PreconditionFailed":             "the recording was replaced in the archive while it was read: try again",
	"SlowDown":                       busy,
	"ServiceUnavailable":             busy,
	"InternalError":                  busy,
}

const (
	notAllowed  = "the archive does not allow this: check the rights of archive_access_key on the bucket"
	wrongKeys   = "the archive rejects the keys: check archive_access_key and archive_secret_key"
	wrongRegion = "the bucket of the archive is in another region: check region in the key archive"
	damaged     = "data arrived at the archive damaged and was not stored"
	full        = "the archive is full"
	busy        = "the archive has a fault or is too busy: see the log"
	unreachable = "the archive cannot be reached: check endpoint in the key archive, its server and the network"
	untrusted   = "the certificate of the archive's server is not trusted: check endpoint in the key archive, and the machine's certificate authorities"
)

// byStatus is for answers without a known code, such as from a proxy.
var byStatus = map[int]string{
	http.StatusForbidden: notAllowed, http.StatusUnauthorized: wrongKeys, http.StatusInsufficientStorage: full,
	http.StatusMovedPermanently: wrongRegion, http.StatusTemporaryRedirect: wrongRegion,
	http.StatusTooManyRequests: busy, http.StatusInternalServerError: busy, http.StatusBadGateway: busy,
	http.StatusServiceUnavailable: busy, http.StatusGatewayTimeout: busy,
}

// serverError says why a request to the server failed. done is "read" or
// "written", what was to be done. ctx is the caller's, not the shorter one of the
// request.
func serverError(ctx context.Context, err error, done string) error {
	if end := checkDeadline(ctx); end != nil {
		return end
	}
	msg := "the archive cannot be " + done + ": see the log"
	var answer minio.ErrorResponse
	var link net.Error
	switch {
	case errors.As(err, &answer):
		if known := byStatus[answer.StatusCode]; known != "" {
			msg = known
		}
		if known := answers[answer.Code]; known != "" {
			msg = known
		}
		err = fmt.Errorf("status %d, %s: %w", answer.StatusCode, answer.Code, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled): // of the request, not of the caller
		msg = "the archive did not answer in time"
	case isUntrusted(err):
		msg = untrusted
	case errors.As(err, &link) && link.Timeout():
		msg = "the archive did not answer in time"
	case link != nil, errors.Is(err, io.ErrUnexpectedEOF):
		msg = unreachable
	}
	return &recording.Error{Code: recording.Unavailable, Msg: msg, Err: err}
}

// isUntrusted reports whether TLS failed for the certificate.
func isUntrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host)
}

// codeOf returns the error code that the server sent, or "".
func codeOf(err error) string {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) {
		return answer.Code
	}
	return ""
}

// isAnswer reports whether the server was reached and said no, so that asking
// again would not help.
func isAnswer(err error) bool { return codeOf(err) != "" }
