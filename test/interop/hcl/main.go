// Reads a file of Terraform, in HCL or in JSON, and prints what it means as JSON. HCL that is not laid out as
// `terraform fmt` does is an error. For the tests.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// The blocks in each block, by type; the root is "".
var blocks = map[string][]hcl.BlockHeaderSchema{
	"": {
		{Type: "terraform"},
		{Type: "provider", LabelNames: []string{"name"}},
		{Type: "variable", LabelNames: []string{"name"}},
		{Type: "resource", LabelNames: []string{"type", "name"}},
		{Type: "import"},
	},
	"terraform": {{Type: "required_providers"}},
	"variable":  {{Type: "validation"}},
	"resource":  {{Type: "lifecycle"}},
}

// Attributes that are names or conditions, which Terraform does not evaluate as values.
var bare = map[string]bool{"type": true, "to": true, "depends_on": true, "ignore_changes": true, "condition": true}

type reader struct {
	source  []byte
	isJSON  bool
	context *hcl.EvalContext
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path string) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	r := reader{source: source, isJSON: strings.HasSuffix(path, ".json")}
	parser := hclparse.NewParser()
	parse := parser.ParseHCL
	if r.isJSON {
		parse = parser.ParseJSON
	} else if !bytes.Equal(hclwrite.Format(source), source) {
		return fmt.Errorf("%s is not formatted; expected:\n%s", path, hclwrite.Format(source))
	}
	file, diagnostics := parse(source, path)
	if diagnostics.HasErrors() {
		return diagnostics
	}
	if r.context, err = contextOf(file.Body); err != nil {
		return err
	}
	meaning, err := r.body(file.Body, "")
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(meaning)
}

// contextOf gives each variable and each name of a role a text that names it.
func contextOf(body hcl.Body) (*hcl.EvalContext, error) {
	content, _, diagnostics := body.PartialContent(&hcl.BodySchema{Blocks: blocks[""]})
	if diagnostics.HasErrors() {
		return nil, diagnostics
	}
	variables := map[string]cty.Value{"": cty.NullVal(cty.String)}
	roles := map[string]cty.Value{"": cty.EmptyObjectVal}
	for _, block := range content.Blocks {
		switch {
		case block.Type == "variable":
			variables[block.Labels[0]] = cty.StringVal("<var." + block.Labels[0] + ">")
		case block.Type == "resource" && block.Labels[0] == "aws_iam_role":
			name := cty.StringVal("<aws_iam_role." + block.Labels[1] + ".name>")
			roles[block.Labels[1]] = cty.ObjectVal(map[string]cty.Value{"name": name})
		}
	}
	same := function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}},
		Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0], nil },
	})
	return &hcl.EvalContext{
		Variables: map[string]cty.Value{
			"var":          cty.ObjectVal(variables),
			"aws_iam_role": cty.ObjectVal(roles),
			"each":         cty.ObjectVal(map[string]cty.Value{"value": cty.StringVal("<each.value>")}),
		},
		Functions: map[string]function.Function{"jsonencode": stdlib.JSONEncodeFunc, "toset": same},
	}, nil
}

// body is a map of attributes, and of blocks by type and labels.
func (r reader) body(body hcl.Body, kind string) (map[string]any, error) {
	content, rest, diagnostics := body.PartialContent(&hcl.BodySchema{Blocks: blocks[kind]})
	if diagnostics.HasErrors() {
		return nil, diagnostics
	}
	attributes, err := attributesOf(body, rest)
	if err != nil {
		return nil, err
	}
	meaning := map[string]any{}
	for name, attribute := range attributes {
		if name == "//" {
			continue
		}
		value, err := r.value(name, attribute.Expr)
		if err != nil {
			return nil, err
		}
		meaning[name] = value
	}
	for at, block := range content.Blocks {
		inner, err := r.body(block.Body, block.Type)
		if err != nil {
			return nil, err
		}
		key := strings.Join(append([]string{block.Type}, block.Labels...), " ")
		if block.Type == "import" {
			key = fmt.Sprintf("import of %v", inner["to"])
		}
		if _, twice := meaning[key]; twice {
			return nil, fmt.Errorf("block %d: %s is there twice", at, key)
		}
		meaning[key] = inner
	}
	return meaning, nil
}

// attributesOf is all but the blocks, with which only the JSON syntax needs a schema.
func attributesOf(body, rest hcl.Body) (hcl.Attributes, error) {
	if native, isNative := body.(*hclsyntax.Body); isNative {
		attributes := hcl.Attributes{}
		for name, attribute := range native.Attributes {
			attributes[name] = attribute.AsHCLAttribute()
		}
		return attributes, nil
	}
	attributes, diagnostics := rest.JustAttributes()
	if diagnostics.HasErrors() {
		return nil, diagnostics
	}
	return attributes, nil
}

func (r reader) value(name string, expression hcl.Expression) (any, error) {
	if bare[name] {
		return r.text(expression), nil
	}
	value, diagnostics := expression.Value(r.context)
	if diagnostics.HasErrors() {
		return nil, diagnostics
	}
	encoded, err := ctyjson.SimpleJSONValue{Value: value}.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var decoded any
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		return nil, err
	}
	// A policy: the order of its keys has no meaning.
	if text, isText := decoded.(string); isText && strings.HasPrefix(text, "{") {
		if err := json.Unmarshal([]byte(text), &decoded); err != nil {
			return nil, err
		}
	}
	return decoded, nil
}

// text is what stands there, without what only one of the syntaxes has.
func (r reader) text(expression hcl.Expression) []string {
	text := string(expression.Range().SliceBytes(r.source))
	if r.isJSON {
		var value any
		_ = json.Unmarshal([]byte(text), &value)
		list, isList := value.([]any)
		if !isList {
			list = []any{value}
		}
		texts := []string{}
		for _, item := range list {
			one := fmt.Sprint(item)
			if strings.HasPrefix(one, "${") {
				one = one[2 : len(one)-1]
			}
			texts = append(texts, one)
		}
		return texts
	}
	if !strings.HasPrefix(text, "[") {
		return []string{text}
	}
	texts := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune("[], \n", c) })
	return texts
}
