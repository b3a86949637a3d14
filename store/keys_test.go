package store_test

import (
	"testing"

	"recgate/auth/authtest"
	"recgate/store"
)

func TestKeys(t *testing.T) {
	authtest.TestKeys(t, func(t *testing.T) authtest.Keys { return open(t, file(t), store.Options{}) })
}
