package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/google/uuid"

	"sierradb/client"
)

// A printer writes events as lines. The subscription tells it, as the keeper of
// positions, when there is nothing more to print at the moment: then lines go
// out, so that many events need few writes and a single one none to wait for.
type printer struct {
	w    *bufio.Writer
	json bool
	line []byte
}

var _ client.Positions = (*printer)(nil)

// newWriter is the buffer of a printer.
func newWriter(w io.Writer) *bufio.Writer { return bufio.NewWriterSize(w, 64<<10) }

// Load knows of no positions.
func (p *printer) Load(context.Context) ([]client.Position, error) { return nil, nil }

// Store sends out what was printed.
func (p *printer) Store(context.Context, []client.Position) error { return p.w.Flush() }

// print adds the line of an event. Errors come with Store.
func (p *printer) print(e *client.Event) {
	if p.json {
		p.line = appendJSON(p.line[:0], e)
	} else {
		p.line = appendText(p.line[:0], e)
	}
	p.w.Write(append(p.line, '\n'))
}

// timeLayout is how times are printed, in UTC.
const timeLayout = "2006-01-02T15:04:05.000Z"

// appendText shows an event to people.
func appendText(b []byte, e *client.Event) []byte {
	b = e.Time.UTC().AppendFormat(b, timeLayout)
	b = append(b, ' ')
	b = appendPrintable(b, []byte(e.Stream))
	b = append(b, ' ')
	b = strconv.AppendUint(b, e.Version, 10)
	b = append(b, ' ')
	b = appendPrintable(b, []byte(e.Name))
	if len(e.Payload) > 0 {
		b = appendPrintable(append(b, ' '), e.Payload)
	}
	if len(e.Metadata) > 0 {
		b = appendPrintable(append(b, " metadata="...), e.Metadata)
	}
	b = append(b, " ["...)
	b = strconv.AppendUint(b, uint64(e.Partition), 10)
	b = append(b, ':')
	b = strconv.AppendUint(b, e.Sequence, 10)
	return append(b, ']')
}

// appendPrintable appends text as it is; what would end the line, or command a
// terminal, is escaped.
func appendPrintable(b, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 || !strconv.IsPrint(r) {
			quoted := strconv.AppendQuote(nil, string(text[:n]))
			b = append(b, quoted[1:len(quoted)-1]...)
		} else {
			b = append(b, text[:n]...)
		}
		text = text[n:]
	}
	return b
}

// jsonEvent is an event as JSON, named as on the wire.
type jsonEvent struct {
	ID             uuid.UUID          `json:"event_id"`
	PartitionKey   uuid.UUID          `json:"partition_key"`
	Partition      client.PartitionID `json:"partition_id"`
	TransactionID  uuid.UUID          `json:"transaction_id"`
	Sequence       uint64             `json:"partition_sequence"`
	Version        uint64             `json:"stream_version"`
	Timestamp      int64              `json:"timestamp"`
	Stream         string             `json:"stream_id"`
	Name           string             `json:"event_name"`
	Metadata       *string            `json:"metadata,omitempty"`
	MetadataBase64 []byte             `json:"metadata_base64,omitempty"`
	Payload        *string            `json:"payload,omitempty"`
	PayloadBase64  []byte             `json:"payload_base64,omitempty"`
}

// appendJSON shows an event to programs.
func appendJSON(b []byte, e *client.Event) []byte {
	s := jsonEvent{
		ID: e.ID, PartitionKey: e.PartitionKey, Partition: e.Partition, TransactionID: e.TransactionID,
		Sequence: e.Sequence, Version: e.Version, Timestamp: e.Time.UnixMilli(), Stream: e.Stream, Name: e.Name,
	}
	s.Metadata, s.MetadataBase64 = textOrBytes(e.Metadata)
	s.Payload, s.PayloadBase64 = textOrBytes(e.Payload)
	buf := bytes.NewBuffer(b)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(&s); err != nil {
		panic("an event can't be shown as JSON: " + err.Error()) // its fields are numbers and texts
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

func textOrBytes(p []byte) (text *string, other []byte) {
	if !utf8.Valid(p) {
		return nil, p
	}
	s := string(p)
	return &s, nil
}
