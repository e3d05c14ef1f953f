package segment

import (
	"fmt"

	"sierradb/core/event"
	"sierradb/core/mutate"
)

// gapMax is how far apart two planned positions may be so that one read still
// fetches both: a read of 4 KiB costs about as much as a system call.
const gapMax = 8 << 10

// Cursor reads events at positions, for one scan. Positions that lie near each
// other are fetched with one read, and the frame of the last event stays
// decoded, so that the events of a transaction cost one check. The zero Cursor
// is ready to use; keep one for many scans, it reuses its memory. Not safe for
// concurrent use.
type Cursor struct {
	plan []Position
	next int // index in plan of the position expected next

	r     *Reader // where span and frame are from
	at    int64   // where span starts in the file
	span  []byte
	keys  *Keys
	valid bool // frame, body and items belong to r
	frame int64
	body  Body
	items []uint32 // where the events of body start; filled in for steps back
}

// Plan begins a scan of positions in this order; every scan begins with it,
// even one of a single event. What an earlier scan read is forgotten: the bytes
// behind its frames may have been written since. The slice is used until the
// next Plan.
func (c *Cursor) Plan(positions []Position) {
	c.plan, c.next = positions, 0
	if !mutate.On(mutate.CursorKeepsSpan) {
		c.r, c.span, c.valid = nil, c.span[:0], false
	}
	if cap(c.span) > 2*Lookahead {
		// A single large frame must not be kept for ever by who read it once.
		c.span, c.body, c.items = nil, Body{}, nil
	}
}

// Event reads the event at pos into ev. What ev points to stays valid until
// the next call. Bytes that do not check give a *event.DamageError.
func (c *Cursor) Event(pos Position, ev *event.Event) error {
	if !c.valid || pos.Segment != c.r || pos.Offset != c.frame {
		if err := c.load(pos); err != nil {
			c.valid = false
			return err
		}
	}
	if c.next < len(c.plan) && c.plan[c.next] == pos {
		c.next++
	}
	if int(pos.Item) >= c.body.Count {
		return c.r.damage(pos.Offset, flaw(fmt.Sprintf("event %d of a transaction of %d is wanted", pos.Item, c.body.Count)))
	}
	c.seek(int(pos.Item))
	if !c.body.Next(ev) {
		return c.r.damage(pos.Offset, flawBodyEnd)
	}
	return nil
}

// seek makes item the next event of the body.
func (c *Cursor) seek(item int) {
	b := &c.body
	if item == b.item {
		return
	}
	if item < b.item && b.item > 1 && len(c.items) == 0 {
		// Going back through a transaction would walk it again for each event.
		off := b.events
		for range b.Count {
			c.items = append(c.items, uint32(off))
			h, err := b.eventAt(off)
			if err != nil {
				break
			}
			off = h.end
		}
	}
	if item < len(c.items) {
		b.off, b.item = int(c.items[item]), item
		return
	}
	if item < b.item {
		b.Reset()
	}
	for b.item < item {
		h, err := b.eventAt(b.off)
		if err != nil {
			return
		}
		b.off, b.item = h.end, b.item+1
	}
}

// load makes the frame at pos the current one.
func (c *Cursor) load(pos Position) error {
	if c.keys == nil {
		c.keys = NewGrowingKeys(64, 2048)
	}
	b, err := c.fetch(pos)
	if err != nil {
		return err
	}
	f, err := DecodeFrame(pos.Segment.seed, b)
	if err == nil && f.Entry.Kind != Transaction {
		err = flaw("the frame holds no transaction")
	}
	if err == nil {
		c.body, err = DecodeBodyWith(f.Entry.Index, f.Entry.Data, c.keys)
	}
	if err != nil {
		return pos.Segment.damage(pos.Offset, err)
	}
	c.frame, c.items, c.valid = pos.Offset, c.items[:0], true
	return nil
}

// fetch returns the bytes of the frame at pos and perhaps more.
func (c *Cursor) fetch(pos Position) ([]byte, error) {
	if b := c.have(pos); b != nil {
		if size, err := frameSizeAt(b, DataMax+FrameHead); err != nil || size <= int64(len(b)) {
			return b, nil
		}
	}
	lo, hi := c.stretch(pos)
	if want := int(hi - lo); cap(c.span) < want {
		// Round up, so that growing stretches do not allocate each time.
		c.span = make([]byte, want, (want+guess-1)&^(guess-1)*2)
	} else {
		c.span = c.span[:want]
	}
	c.r, c.at = pos.Segment, lo
	n, err := c.r.read(c.span, lo)
	c.span = c.span[:n]
	if err != nil {
		c.r = nil
		return nil, err
	}
	b := c.have(pos)
	size, err := frameSizeAt(b, DataMax+FrameHead)
	if err != nil {
		return nil, pos.Segment.damage(pos.Offset, err)
	}
	if size <= int64(len(b)) {
		return b, nil
	}
	c.at = pos.Offset
	c.span, n, err = c.r.readMore(c.span, pos.Offset, size)
	c.span = c.span[:n]
	if err != nil {
		c.r = nil
		return nil, err
	}
	return c.span, nil
}

// have returns the part of the span that starts at pos, nil if it does not
// reach there.
func (c *Cursor) have(pos Position) []byte {
	if c.r != pos.Segment || pos.Offset < c.at || pos.Offset >= c.at+int64(len(c.span)) {
		return nil
	}
	return c.span[pos.Offset-c.at:]
}

// stretch says what to read for pos: the part of the file that holds the
// planned positions that follow it without large gaps, in either direction.
func (c *Cursor) stretch(pos Position) (lo, hi int64) {
	lo, hi = pos.Offset, pos.Offset
	for i := c.next; i < len(c.plan); i++ {
		p := c.plan[i]
		if i == c.next && p != pos || p.Segment != pos.Segment || p.Offset < lo-gapMax || p.Offset > hi+gapMax {
			break
		}
		l, h := min(lo, p.Offset), max(hi, p.Offset)
		if h-l > Lookahead-guess {
			break
		}
		lo, hi = l, h
	}
	return lo, hi + guess
}
