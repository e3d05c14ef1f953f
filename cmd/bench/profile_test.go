package main

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSaveProfile(t *testing.T) {
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		w.Write([]byte("a profile"))
	}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "row.pprof")
	addr := strings.TrimPrefix(server.URL, "http://")
	if err := saveProfile(t.Context(), addr, 2500*time.Millisecond, path); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "a profile" {
		t.Errorf("the file holds %q, %v", got, err)
	}
	if asked != "/debug/pprof/profile?seconds=2" {
		t.Errorf("asked for %s", asked)
	}
}

func TestSaveProfile_Refused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	path := filepath.Join(t.TempDir(), "row.pprof")
	err := saveProfile(t.Context(), strings.TrimPrefix(server.URL, "http://"), time.Second, path)
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("saveProfile = %v, want the status", err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a refused profile left a file: %v", err)
	}
}

func TestOverlay_AddsOneFileToTheServer(t *testing.T) {
	path, err := overlay(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Replace map[string]string }
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Replace) != 1 {
		t.Fatalf("the overlay replaces %d files, want 1", len(list.Replace))
	}
	for added, source := range list.Replace {
		if _, err := os.Stat(filepath.Join(filepath.Dir(added), "main.go")); err != nil {
			t.Errorf("%s is added where no main.go is: %v", added, err)
		}
		if _, err := os.Stat(added); !os.IsNotExist(err) {
			t.Errorf("%s covers a file that is there", added)
		}
		f, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.SkipObjectResolution)
		if err != nil || f.Name.Name != "main" {
			t.Errorf("the source is no part of package main: %v", err)
		}
	}
}

func TestProfileName(t *testing.T) {
	g := scanGroup()
	if got := profileName(g, g.rows[0], fourBuckets); got != "scan-ESCAN-one-stream-s-side-by-side-1-buckets-4.pprof" {
		t.Errorf("profileName = %s", got)
	}
}
