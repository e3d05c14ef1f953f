package event

import "sync/atomic"

// Forms keeps the encodings of one event, so that it is encoded once for all who
// want it in the same form. It is the one thing that actors share and that
// changes: safe for concurrent use, and which of several callers encodes does not
// show, since all would encode the same.
type Forms struct {
	forms [formsMax]atomic.Pointer[[]byte]
}

// formsMax is how many encodings there may be: one for each protocol.
const formsMax = 2

// Form returns an encoding that Keep was given, nil before. It must not be
// changed.
func (f *Forms) Form(n int) []byte {
	if b := f.forms[n].Load(); b != nil {
		return *b
	}
	return nil
}

// Keep gives an encoding away to all; nobody may change it any more.
func (f *Forms) Keep(n int, encoded []byte) { f.forms[n].Store(&encoded) }
