package chart

import _ "embed"

// Style is the style sheet of charts, light and dark, inside a page or a file.
//
//go:embed chart.css
var Style string

// Script lets values be pointed at, with a pointer or the arrow keys. A chart
// without it is whole, and still.
//
//go:embed chart.js
var Script string

// fileStyle is what a chart needs more where no page surrounds it.
const fileStyle = `
.plot .paper { fill: var(--paper); } .plot .title { fill: var(--ink); font-size: 15px; font-weight: 600; } .plot .warn { fill: var(--warn); font-weight: 600; font-size: 13px; }
`
