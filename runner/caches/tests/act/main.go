// What the cache server of nektos/act finds, for the cases of cases.json: the table is written to standard output.
//
// Each group of cases has a server of its own. Its entries are made one after the other, more than a second apart, since
// the server notes whole seconds; what an entry is of (its paths, together with the way it is packed) is one opaque text
// there, the "version".
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/nektos/act/pkg/artifactcache"
)

type entry struct {
	Key   string   `json:"key"`
	Paths []string `json:"paths,omitempty"`
}

type question struct {
	Key          string   `json:"key"`
	FallbackKeys []string `json:"fallback-keys,omitempty"`
	Paths        []string `json:"paths,omitempty"`
	// What act finds; nothing where it finds nothing.
	Found *string `json:"found"`
	// What we find, where that is not the same, and why.
	Ours *string `json:"ours,omitempty"`
	Why  string  `json:"why,omitempty"`
}

type group struct {
	Kept  []entry    `json:"kept"`
	Asked []question `json:"asked"`
}

type table struct {
	Reference string  `json:"reference"`
	Groups    []group `json:"groups"`
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func version(paths []string) string { return strings.Join(append([]string{"v"}, paths...), "|") }

// Sends a request; gives the answer's status and its JSON.
func send(method, at string, body []byte, head map[string]string) (int, map[string]any) {
	request, err := http.NewRequest(method, at, bytes.NewReader(body))
	check(err)
	for name, value := range head {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	check(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	check(err)
	var found map[string]any
	_ = json.Unmarshal(answer, &found)
	return response.StatusCode, found
}

func keep(base string, one entry) {
	asked, err := json.Marshal(map[string]any{"key": one.Key, "version": version(one.Paths), "cacheSize": 1})
	check(err)
	status, reserved := send("POST", base+"/caches", asked, nil)
	if status != 200 {
		check(fmt.Errorf("%q was not taken: %d", one.Key, status))
	}
	at := fmt.Sprintf("%s/caches/%.0f", base, reserved["cacheId"])
	send("PATCH", at, []byte("x"), map[string]string{"Content-Range": "bytes 0-0/*", "Content-Type": "application/octet-stream"})
	send("POST", at, []byte(`{"size":1}`), nil)
}

func (of *group) run() {
	folder, err := os.MkdirTemp("", "act-cache-")
	check(err)
	defer os.RemoveAll(folder)
	server, err := artifactcache.StartHandler(folder, "", "127.0.0.1", 0, nil)
	check(err)
	defer server.Close()
	base := server.ExternalURL() + "/_apis/artifactcache"
	for _, one := range of.Kept {
		keep(base, one)
		time.Sleep(1100 * time.Millisecond)
	}
	for number := range of.Asked {
		one := &of.Asked[number]
		keys := strings.Join(append([]string{one.Key}, one.FallbackKeys...), ",")
		query := url.Values{"keys": {keys}, "version": {version(one.Paths)}}
		status, found := send("GET", base+"/cache?"+query.Encode(), nil, nil)
		one.Found = nil
		if status == 200 {
			key := found["cacheKey"].(string)
			one.Found = &key
		}
	}
}

func main() {
	text, err := os.ReadFile("cases.json")
	check(err)
	var made table
	check(json.Unmarshal(text, &made.Groups))
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/nektos/act" {
			made.Reference = module.Path + " " + module.Version + ", pkg/artifactcache"
		}
	}
	var all sync.WaitGroup
	for number := range made.Groups {
		all.Add(1)
		go func() {
			defer all.Done()
			made.Groups[number].run()
		}()
	}
	all.Wait()
	writer := json.NewEncoder(os.Stdout)
	writer.SetEscapeHTML(false)
	writer.SetIndent("", "  ")
	check(writer.Encode(made))
}
