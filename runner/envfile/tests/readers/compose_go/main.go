// Reads an environment file with Docker's own code and prints what it read as a JSON object.
//
//	go run . compose FILE     compose-go's dotenv, as Docker Compose reads `.env` and `env_file`
//	go run . docker FILE      the docker CLI's reader of `--env-file`
//	go run . fuzz FILE        FILE is a JSON list of texts: a list of {"ok": …} or {"error": …}
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/docker/cli/pkg/kvfile"
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: compose|docker|fuzz FILE"))
	}
	switch mode, file := os.Args[1], os.Args[2]; mode {
	case "compose":
		values, err := dotenv.ReadFile(file, nil)
		fail(err)
		show(values)
	case "docker":
		lines, err := kvfile.Parse(file, os.LookupEnv)
		fail(err)
		values := map[string]string{}
		for _, line := range lines {
			name, value, _ := strings.Cut(line, "=")
			values[name] = value
		}
		show(values)
	case "fuzz":
		data, err := os.ReadFile(file)
		fail(err)
		var texts []string
		fail(json.Unmarshal(data, &texts))
		answers := make([]map[string]any, 0, len(texts))
		for _, text := range texts {
			values, err := dotenv.Parse(strings.NewReader(text))
			if err != nil {
				answers = append(answers, map[string]any{"error": err.Error()})
			} else {
				answers = append(answers, map[string]any{"ok": values})
			}
		}
		show(answers)
	default:
		fail(fmt.Errorf("unknown mode %s", mode))
	}
}

func show(value any) {
	fail(json.NewEncoder(os.Stdout).Encode(value))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
