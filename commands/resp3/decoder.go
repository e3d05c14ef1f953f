package resp3

// Decoder cuts the bytes that a server sends into replies, however they come.
// It is [Parse] for connections: the work is linear in the bytes. The zero
// Decoder is ready.
type Decoder struct {
	b   []byte // what was fed and not returned
	s   scanner
	err error
}

// Feed gives the decoder more bytes. It copies p.
func (d *Decoder) Feed(p []byte) {
	if d.err == nil {
		d.b = append(d.b, p...)
	}
}

// Next returns the next reply; ok is false when more bytes are needed. Errors
// are those of [Parse], and final. The strings of a value stay valid for ever.
func (d *Decoder) Next() (v Value, ok bool, err error) {
	if d.err != nil {
		return Value{}, false, d.err
	}
	done, err := d.s.scan(d.b)
	if err != nil {
		*d = Decoder{err: err}
		return Value{}, false, err
	}
	if !done {
		return Value{}, false, nil
	}
	v, _ = build(d.b[:d.s.pos])
	d.b = d.b[d.s.pos:]
	d.s = scanner{}
	return v, true, nil
}

// Buffered returns the bytes that were fed and not yet returned in replies.
func (d *Decoder) Buffered() int { return len(d.b) }

// Bytes returns what was fed and not yet returned in replies. It belongs to the
// decoder.
func (d *Decoder) Bytes() []byte { return d.b }

// Skip drops the first n of Bytes: whole replies, which the caller has read
// without the decoder.
func (d *Decoder) Skip(n int) {
	d.b = d.b[n:]
	d.s = scanner{}
}
