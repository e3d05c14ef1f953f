package client_test

import (
	"errors"
	"testing"

	"sierradb/client"
	"sierradb/commands"
)

// sentinels is every error of a node that the client names.
var sentinels = []error{
	client.ErrSyntax, client.ErrInvalidArg, client.ErrWrongVersion, client.ErrIDConflict, client.ErrTooLarge, client.ErrBusy,
	client.ErrDiskFull, client.ErrReadOnly, client.ErrNotLeader, client.ErrUnavailable, client.ErrTimeout, client.ErrRead,
	client.ErrDatabase, client.ErrNotFound, client.ErrNoProto, client.ErrWrongPass, client.ErrExecAbort, client.ErrGeneric,
}

// Each code of the node's table has a sentinel, in its order.
func TestErrors_CodesOfTheNode(t *testing.T) {
	if len(sentinels) != len(commands.Codes) {
		t.Fatalf("%d sentinels, %d codes", len(sentinels), len(commands.Codes))
	}
	for i, row := range commands.Codes {
		answered := &client.Error{Code: string(row.Code), Text: "because"}
		for j, sentinel := range sentinels {
			if got := errors.Is(answered, sentinel); got != (i == j) {
				t.Errorf("errors.Is(%v, %v) = %v", answered, sentinel, got)
			}
		}
		if other := (&client.Error{Code: string(row.Code), Text: "for another reason"}); errors.Is(answered, other) {
			t.Errorf("%v is %v", answered, other)
		}
	}
}
