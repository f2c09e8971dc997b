// Reads matrices and prints what nektos/act makes of each: `make_table` runs it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/nektos/act/pkg/model"
)

type testCase struct {
	Case   string `json:"case"`
	Matrix string `json:"matrix"`
}

type result struct {
	Case   string           `json:"case"`
	Matrix string           `json:"matrix"`
	Act    []map[string]any `json:"act"`
	Error  string           `json:"error,omitempty"`
}

func main() {
	var cases []testCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	results := []result{}
	for _, one := range cases {
		text := "name: t\non: push\njobs:\n  j:\n    runs-on: x\n    strategy:\n      matrix: " + one.Matrix +
			"\n    steps: [{ run: \"true\" }]\n"
		made := result{Case: one.Case, Matrix: one.Matrix}
		workflow, err := model.ReadWorkflow(strings.NewReader(text), false)
		if err == nil {
			made.Act, err = workflow.GetJob("j").GetMatrixes()
		}
		if err != nil {
			made.Error = err.Error()
		}
		results = append(results, made)
	}
	text, err := json.MarshalIndent(results, "", " ")
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}
