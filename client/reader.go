package client

import (
	"time"

	"github.com/google/uuid"

	"sierradb/commands/resp3"
)

// A reader takes fields out of a map. The first one that is missing or of
// another type is its error.
type reader struct {
	v   Value
	err error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = unexpected(what, r.v)
	}
}

func (r *reader) get(name string) Value {
	v, ok := r.v.Get(name)
	if !ok {
		r.fail("a map with " + name)
	}
	return v
}

func (r *reader) uuid(name string) uuid.UUID {
	v := r.get(name)
	id, ok := uuidFrom(&v)
	if !ok {
		r.fail("a UUID as " + name)
	}
	return id
}

func (r *reader) count(name string) uint64 {
	v := r.get(name)
	n, ok := countFrom(&v)
	if !ok {
		r.fail("a number as " + name)
	}
	return n
}

func (r *reader) text(name string) string {
	v := r.get(name)
	if !isText(&v) {
		r.fail("a text as " + name)
	}
	return v.Text()
}

func (r *reader) time(name string) time.Time {
	v := r.get(name)
	if v.Kind != resp3.KindInt {
		r.fail("a number as " + name)
	}
	return time.UnixMilli(v.Int).UTC()
}
