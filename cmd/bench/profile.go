package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// profileVariable tells a server that was built for profiles where to offer
// them.
const profileVariable = "BENCH_PROFILE_ADDRESS"

// profileSource is added to package main of the server that is profiled. The
// server that people run has no such door.
const profileSource = `package main

import (
	"net/http"
	_ "net/http/pprof"
	"os"
)

func init() {
	if addr := os.Getenv("` + profileVariable + `"); addr != "" {
		go http.ListenAndServe(addr, nil)
	}
}
`

// overlay writes what "go build -overlay" needs to add profileSource to the
// server, and returns its path.
func overlay(ctx context.Context, dir string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", serverPackage).Output()
	if err != nil {
		return "", fmt.Errorf("find the source of the server: %w", err)
	}
	added := filepath.Join(strings.TrimSpace(string(out)), "bench_profile.go")
	source := filepath.Join(dir, "profile.go.txt")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {added: source}})
	if err != nil {
		return "", fmt.Errorf("write an overlay: %w", err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := errors.Join(os.WriteFile(source, []byte(profileSource), 0o600), os.WriteFile(path, list, 0o600)); err != nil {
		return "", fmt.Errorf("write an overlay: %w", err)
	}
	return path, nil
}

// profile starts to take a processor profile of a server, from the end of the
// warm-up on. What it returns waits for its end and says what went wrong.
func (b *bench) profile(ctx context.Context, s *server, file string) (finish func() error) {
	done := make(chan error, 1)
	go func() {
		wait(ctx, b.warm())
		done <- saveProfile(ctx, s.profiles, b.window(), filepath.Join(b.profiles, file))
	}()
	return func() error { return <-done }
}

// saveProfile asks for a profile of so long, in whole seconds and at least one,
// and keeps it in a file.
func saveProfile(ctx context.Context, addr string, length time.Duration, path string) error {
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", addr, max(1, int(length.Seconds())))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("take a profile: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("take a profile: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("take a profile: the server answers %s", response.Status)
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("keep a profile: %w", err)
	}
	if _, err := io.Copy(file, response.Body); err != nil {
		return fmt.Errorf("keep a profile: %w", errors.Join(err, file.Close()))
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("keep a profile: %w", err)
	}
	return nil
}

// profileName is the file of a row: append-16-1-buckets-4.pprof.
func profileName(g group, r row, who int) string {
	words := append([]string{g.name}, r.labels...)
	words = append(words, strings.ReplaceAll(contenderNames[who], "bucket.count = ", "buckets "))
	clean := func(c rune) rune {
		if c == ' ' || c == '\'' || c == '/' {
			return '-'
		}
		return c
	}
	return strings.Map(clean, strings.Join(words, "-")) + ".pprof"
}
