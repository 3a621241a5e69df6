package lsp

// The part of the Language Server Protocol 3.17 that the server speaks. Positions
// count lines from 0 and characters in UTF-16 code units, the protocol's default.

type position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type span struct {
	Start position `json:"start"`
	End   position `json:"end"`
}

type location struct {
	URI   string `json:"uri"`
	Range span   `json:"range"`
}

type diagnostic struct {
	Range    span      `json:"range"`
	Severity int       `json:"severity"` // 1 error, 2 warning, 3 information
	Code     string    `json:"code"`
	Source   string    `json:"source"`
	Message  string    `json:"message"`
	Related  []related `json:"relatedInformation,omitempty"`
}

type related struct {
	Location location `json:"location"`
	Message  string   `json:"message"`
}

type publishParams struct {
	URI         string       `json:"uri"`
	Version     *int         `json:"version,omitempty"`
	Diagnostics []diagnostic `json:"diagnostics"`
}

type documentParams struct {
	Document struct {
		URI     string  `json:"uri"`
		Version *int    `json:"version"`
		Text    *string `json:"text"`
	} `json:"textDocument"`
	Position position `json:"position"`
	Range    span     `json:"range"`
	Changes  []struct {
		Range *span  `json:"range"`
		Text  string `json:"text"`
	} `json:"contentChanges"`
}

type completionItem struct {
	Label  string  `json:"label"`
	Kind   int     `json:"kind"`
	Detail string  `json:"detail,omitempty"`
	Doc    *markup `json:"documentation,omitempty"`
	Insert string  `json:"insertText,omitempty"`
	Old    bool    `json:"deprecated,omitempty"`
}

// Kinds of completion items.
const (
	itemProperty = 10
	itemValue    = 12
)

type markup struct {
	Kind  string `json:"kind"` // plaintext or markdown
	Value string `json:"value"`
}

type hover struct {
	Contents markup `json:"contents"`
	Range    *span  `json:"range,omitempty"`
}

type completionList struct {
	Incomplete bool             `json:"isIncomplete"`
	Items      []completionItem `json:"items"`
}

type textEdit struct {
	Range span   `json:"range"`
	Text  string `json:"newText"`
}

// codeAction is an edit that mends findings.
type codeAction struct {
	Title     string       `json:"title"`
	Kind      string       `json:"kind"`
	Mends     []diagnostic `json:"diagnostics"`
	Preferred bool         `json:"isPreferred"`
	Edit      struct {
		Changes map[string][]textEdit `json:"changes"`
	} `json:"edit"`
}

// symbol is an entry of a document's outline.
type symbol struct {
	Name      string   `json:"name"`
	Detail    string   `json:"detail,omitempty"`
	Kind      int      `json:"kind"`
	Range     span     `json:"range"`
	Selection span     `json:"selectionRange"`
	Children  []symbol `json:"children,omitempty"`
}

// capabilities are what the server says that it can do.
var capabilities = map[string]any{
	"capabilities": map[string]any{
		"positionEncoding":   "utf-16",
		"textDocumentSync":   map[string]any{"openClose": true, "change": 1, "save": true},
		"completionProvider": map[string]any{"triggerCharacters": []string{":", " "}},
		"hoverProvider":      true,
		"definitionProvider": true,

		"documentSymbolProvider":     true,
		"documentFormattingProvider": true,
		"codeActionProvider":         map[string]any{"codeActionKinds": []string{"quickfix"}},
	},
	"serverInfo": map[string]any{"name": "mlcfg"},
}
