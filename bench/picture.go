package main

import (
	"fmt"
	"math"

	"github.com/go-analyze/charts"
)

// Sizes of a picture in pixels, of which a panel takes a part of the height.
const (
	pictureWidth = 1000
	panelHeight  = 380
	panelMargin  = 16
	legendTop    = "26"
	barLabelSize = 10
)

// The value axis has at most mostSteps steps, and space for a label above the
// highest bar.
const (
	mostSteps = 9
	headroom  = 1.06
)

// picture is a chart of one metric in all scenes, as SVG.
type picture struct {
	file  string
	title string
	svg   []byte
}

// pictured are the metrics that are drawn; scale is by what a figure is
// divided for its unit.
type pictured struct {
	file, title, unit string
	scale             float64
	of                func(*figures) *float64
}

// getuserPictured are those of GET /getuser.
func getuserPictured() []pictured {
	return []pictured{
		{"getuser-requests.svg", "Requests per second (more is better)", "requests/s", 1, func(f *figures) *float64 { return &f.Rate }},
		{"getuser-p99.svg", "99th percentile of response times (less is better)", "ms", 1e3, func(f *figures) *float64 { return &f.P99 }},
		{"getuser-mariadb-cpu.svg", "MariaDB's CPU time per request (less is better)", "µs", 1, func(f *figures) *float64 { return &f.SourceCPU }},
	}
}

// proxyPictured are those of a proxy in front of a server.
func proxyPictured() []pictured {
	return []pictured{
		{"proxy-requests.svg", "Requests per second (more is better)", "requests/s", 1, func(f *figures) *float64 { return &f.Rate }},
		{"proxy-p99.svg", "99th percentile of response times (less is better)", "ms", 1e3, func(f *figures) *float64 { return &f.P99 }},
		{"proxy-cpu.svg", "CPU time per request (less is better)", "µs", 1, func(f *figures) *float64 { return &f.GatewayCPU }},
	}
}

// pictures draws the report's charts. Their files have the same names in every
// report.
func (r report) pictures() ([]picture, error) {
	var all []picture
	for _, what := range r.subject.pictured {
		svg, err := r.draw(what)
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", what.file, err)
		}
		all = append(all, picture{what.file, what.title, svg})
	}
	return all, nil
}

// draw draws one panel under the other.
func (r report) draw(what pictured) ([]byte, error) {
	panels := r.panels()
	canvas := charts.NewPainter(charts.PainterOptions{
		OutputFormat: charts.ChartOutputSVG, Width: pictureWidth, Height: panelHeight * len(panels),
	})
	for i, scenes := range panels {
		box := charts.NewBox(0, i*panelHeight, pictureWidth, (i+1)*panelHeight)
		if err := canvas.Child(charts.PainterBoxOption(box)).BarChart(newPanel(what, scenes)); err != nil {
			return nil, err
		}
	}
	return canvas.Bytes()
}

// panels returns the scenes by what they have in common, as they were played:
// the way to the database, or the answers, and the peers.
func (r report) panels() [][]sceneResult {
	var panels [][]sceneResult
	for i, sc := range r.Scenes {
		if i == 0 || sc.panel() != r.Scenes[i-1].panel() || sc.Peers[0].Key != r.Scenes[i-1].Peers[0].Key {
			panels = append(panels, nil)
		}
		last := len(panels) - 1
		panels[last] = append(panels[last], sc)
	}
	return panels
}

// newPanel returns the bars of scenes, grouped by the crowd, one a peer.
func newPanel(what pictured, scenes []sceneResult) charts.BarChartOption {
	var names, crowds []string
	var bars [][]float64
	for i, p := range scenes[0].Peers {
		names = append(names, p.Name)
		bars = append(bars, peerBars(what, scenes, i))
	}
	for _, sc := range scenes {
		crowds = append(crowds, sc.crowd())
	}
	o := charts.NewBarChartOptionWithData(bars)
	o.Theme = theme(scenes[0].Peers)
	o.Padding = charts.NewBoxEqual(panelMargin)
	o.Title.Text = what.title + ", " + scenes[0].panel()
	o.Legend = charts.LegendOption{
		SeriesNames: names, Symbol: charts.SymbolSquare,
		Offset: charts.OffsetStr{Left: charts.PositionLeft, Top: legendTop},
	}
	o.CategoryAxis.Labels = crowds
	o.ValueFormatter = writeBar
	top, steps := axis(bars)
	o.ValueAxis[0] = charts.ValueAxisOption{
		Title: what.unit, Min: charts.Ptr(0.0), Max: &top, LabelCount: steps + 1, ValueFormatter: writeBar,
	}
	for i := range o.SeriesList {
		o.SeriesList[i].Label = charts.SeriesLabel{
			Show: charts.Ptr(true), ValueFormatter: writeBar, FontStyle: charts.FontStyle{FontSize: barLabelSize},
		}
	}
	return o
}

// peerBars returns the height of a peer's bar in each scene.
func peerBars(what pictured, scenes []sceneResult, peer int) []float64 {
	bars := make([]float64, len(scenes))
	for i, sc := range scenes {
		bars[i] = charts.GetNullValue()
		if p := sc.Peers[peer]; p.Rounds > 0 {
			bars[i] = *what.of(&p.Medians) / what.scale
		}
	}
	return bars
}

// axis returns where the value axis ends, and in how many steps: the smallest
// of 1, 2 or 5 times a power of ten of which mostSteps are enough.
func axis(bars [][]float64) (top float64, steps int) {
	var highest float64
	for _, b := range bars {
		for _, v := range b {
			if v != charts.GetNullValue() {
				highest = max(highest, v*headroom)
			}
		}
	}
	if highest == 0 {
		return 1, 1 // nothing counts
	}
	step := math.Pow10(int(math.Floor(math.Log10(highest))) - 1)
	for _, factor := range []float64{2, 2.5, 2, 2} { // 1, 2, 5, 10, 20
		if highest <= step*mostSteps {
			break
		}
		step *= factor
	}
	steps = int(math.Ceil(highest / step))
	return step * float64(steps), steps
}

// writeBar writes three digits, or all that stand before the point.
func writeBar(v float64) string {
	if v >= 100 {
		return thousands(v)
	}
	return fmt.Sprintf("%.3g", v)
}

// theme gives each peer its color.
func theme(peers []peerResult) charts.ColorPalette {
	colors := make([]charts.Color, len(peers))
	for i, p := range peers {
		colors[i] = charts.ColorFromHex(peerColor(p.Key))
	}
	return charts.MakeTheme(charts.ThemeOption{
		BackgroundColor:    charts.ColorWhite,
		TextColor:          charts.ColorFromHex("#222222"),
		AxisStrokeColor:    charts.ColorFromHex("#888888"),
		AxisSplitLineColor: charts.ColorFromHex("#e4e4e4"),
		SeriesColors:       colors,
	})
}

// peerColor is a peer's in every chart, whoever else is in it. Those who do
// not see all colors can tell them apart too.
func peerColor(key string) string {
	switch key {
	case "zerohop":
		return "#0072b2"
	case "lanes-off":
		return "#56b4e9"
	case "nethttp":
		return "#e69f00"
	case "nginx":
		return "#009e73"
	case "haproxy":
		return "#cc79a7"
	case "in-process":
		return "#0072b2"
	case "hop-unix":
		return "#56b4e9"
	default:
		return "#8c8c8c"
	}
}
