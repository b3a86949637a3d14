package store_test

import (
	"testing"

	"recgate/store"
	"recgate/store/storetest"
)

func TestCallParts(t *testing.T) {
	dsn := file(t)
	storetest.TestCallParts(t, open(t, dsn, store.Options{}), raw(t, dsn))
}
