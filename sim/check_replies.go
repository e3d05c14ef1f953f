package sim

import (
	"bytes"

	"sierradb/commands/resp3"
	"sierradb/core/event"
)

// Replies are well formed, in the form that the connection's protocol gives
// them, and one for each request, in order.

func simple(s string) resp3.Value { return resp3.Value{Kind: resp3.KindSimple, Str: []byte(s)} }

func bulk(s string) resp3.Value { return resp3.Value{Kind: resp3.KindBulk, Str: []byte(s)} }

func number(n uint64) resp3.Value { return resp3.Value{Kind: resp3.KindInt, Int: int64(n)} }

// wantValue compares a reply or a part of it.
func wantValue(op *Op, what string, got *resp3.Value, want resp3.Value) *Violation {
	if got.Kind == want.Kind && bytes.Equal(got.Str, want.Str) && got.Int == want.Int && len(got.Elems) == 0 {
		return nil
	}
	return violated("replies", "%s: %s is %s, expected %s", op, what, shorten(got.String()), shorten(want.String()))
}

// wantField compares one value of a map.
func wantField(op *Op, m *resp3.Value, key string, want resp3.Value) *Violation {
	got, ok := m.Get(key)
	if !ok {
		return violated("replies", "%s is answered without %s: %s", op, key, shorten(m.String()))
	}
	return wantValue(op, key, &got, want)
}

// wantMap demands a map of n pairs, in the form of the protocol.
func wantMap(op *Op, r *resp3.Value, n int) *Violation {
	kind := byte(resp3.KindMap)
	if op.Proto == resp3.RESP2 {
		kind = resp3.KindArray
	}
	if r.Kind != kind || len(r.Elems) != 2*n {
		return violated("replies", "%s is answered %s, expected a map of %d pairs in protocol %d", op, shorten(r.String()), n, op.Proto)
	}
	return nil
}

// wantNull demands the null of the protocol.
func wantNull(op *Op, r *resp3.Value) bool {
	if op.Proto == resp3.RESP2 {
		return r.Kind == resp3.KindBulk && r.IsNull()
	}
	return r.Kind == resp3.KindNull
}

// wantReply asks the request itself what its reply must be.
func wantReply(op *Op) *Violation {
	if op.Want == nil || op.Want(&op.Reply) {
		return nil
	}
	return violated("replies", "%s is answered %s", op, shorten(op.Reply.String()))
}

// checkRefused judges the reply to a request that was malformed on purpose
// (D7): an error that says that nothing was done.
func (w *World) checkRefused(op *Op) *Violation {
	w.count.Add("malformed requests", 1)
	w.judged("D7 malformed")
	code := op.code()
	switch code {
	case "INVALIDARG", "SYNTAX", "ERR", "NOPROTO", "WRONGPASS":
		return nil
	case "TOOLARGE":
		if len(op.Args) > 2*event.EventsMax {
			return nil
		}
	}
	return violated("D7 malformed", "%s is answered %s, expected an error that says what is wrong", op, shorten(op.Reply.String()))
}

// wantEvent compares an event in a reply with the log.
func wantEvent(op *Op, got *resp3.Value, r *Record) *Violation {
	if v := wantMap(op, got, 11); v != nil {
		return v
	}
	for _, f := range eventFields(r) {
		if v := wantField(op, got, f.key, f.val); v != nil {
			return v
		}
	}
	return nil
}

type field struct {
	key string
	val resp3.Value
}

// eventFields is how an event of the log looks in a reply.
func eventFields(r *Record) []field {
	return []field{
		{"event_id", simple(r.ID.String())},
		{"partition_key", simple(r.Key.String())},
		{"partition_id", number(uint64(r.Partition))},
		{"transaction_id", simple(r.Transaction.String())},
		{"partition_sequence", number(uint64(r.Sequence))},
		{"stream_version", number(uint64(r.Version))},
		{"timestamp", number(uint64(r.Timestamp))},
		{"stream_id", bulk(r.Stream)},
		{"event_name", bulk(r.Name)},
		{"metadata", bulk(string(r.Metadata))},
		{"payload", bulk(string(r.Payload))},
	}
}

// isInt reads a whole number of a reply.
func isInt(r *resp3.Value) (uint64, bool) {
	return uint64(r.Int), r.Kind == resp3.KindInt && r.Int >= 0
}
