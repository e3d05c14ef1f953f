package sim

import (
	"errors"
	"path"
	"strings"

	"sierradb/core/event"
	"sierradb/core/segment"
)

// namesDamage demands that a report of damage leads to what is damaged: it must
// be an [event.DamageError] whose place is explained by a wound of the bucket.
func (b *box) namesDamage(bucket int, err error) *Violation {
	b.w.judged("D6 damage is named")
	var d *event.DamageError
	if !errors.As(err, &d) {
		return violated("D6 damage is named", "the report of damage in bucket %d names no file: %v", bucket, err)
	}
	files := b.image(bucket)
	for i := range b.wounds {
		// What raft.state lost may be missed long after its slot was written anew.
		if wd := &b.wounds[i]; wd.bucket == bucket && (!wd.mended || wd.past) && b.explains(wd, d, files) {
			return nil
		}
	}
	return violated("D6 damage is named", "bucket %d is reported damaged at offset %d of %s, where no damage leads to: %v", bucket, d.Offset, d.File, err)
}

// explains says whether recovery can come from a wound to the place that it
// reports. In the file of the wound that is the beginning of the frame that is
// hit, or a frame before it: not behind the wound, and the beginning of the file
// only when the wound lies in the header or the table. When the node wrote over
// the wound, as over a torn tail, the log breaks behind it. A later segment
// breaks at its beginning: its header does not continue the log.
func (b *box) explains(wd *wound, d *event.DamageError, files map[string][]byte) bool {
	data, there := files[d.File]
	switch {
	case !there:
		return d.Offset == 0 && path.Dir(d.File) == path.Dir(wd.name)
	case d.Offset < 0 || d.Offset > int64(len(data)):
		return false
	case strings.HasSuffix(d.File, "raft.state") || strings.HasSuffix(wd.name, "raft.state"):
		return d.File == wd.name
	case d.File != wd.name:
		return wd.name < d.File && (wd.over || d.Offset == 0)
	case d.Offset == 0:
		return wd.off < b.headerEnd(wd, data)
	}
	return wd.over || d.Offset < wd.off+int64(len(wd.is))
}

// headerEnd is where header and table of a wounded segment end, or where its
// header alone ends when there is no whole one even without the wound.
func (b *box) headerEnd(wd *wound, data []byte) int64 {
	whole := append([]byte(nil), data...)
	if wd.off < int64(len(whole)) {
		copy(whole[wd.off:], wd.was)
	}
	number, _ := segmentNumber(wd.name)
	seed, _ := b.seedOf(wd.name)
	if _, size, err := segment.DecodeHeader(seed, number, whole); err == nil {
		return size
	}
	return segment.HeaderSize
}
