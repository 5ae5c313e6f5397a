package gateway

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// readFamily is one family of a page, as a Prometheus server understands it.
type readFamily struct {
	kind   dto.MetricType
	help   string
	series map[string]float64 // by suffix and labels, these in their order
}

// readExposition reads a page as a Prometheus server does, and says of what is
// wrong with it besides: series twice, histograms that do not add up.
func readExposition(fault func(format string, args ...any), page string) map[string]*readFamily {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	read, err := parser.TextToMetricFamilies(strings.NewReader(page))
	if err != nil {
		fault("%v in\n%s", err, page)
	}
	families := map[string]*readFamily{}
	for name, family := range read {
		f := &readFamily{kind: family.GetType(), help: family.GetHelp(), series: map[string]float64{}}
		families[name] = f
		for _, m := range family.Metric {
			f.add(fault, m)
		}
		if f.kind == histogram {
			checkHistogram(fault, name, f)
		}
	}
	return families
}

// add takes in one series, or all of a histogram's.
func (f *readFamily) add(fault func(string, ...any), m *dto.Metric) {
	set := func(suffix string, value float64, more ...string) {
		var all []string
		for _, label := range m.Label {
			all = append(all, label.GetName()+"="+label.GetValue())
		}
		key := suffix + "{" + strings.Join(append(all, more...), ",") + "}"
		if _, twice := f.series[key]; twice || math.IsNaN(value) {
			fault("twice, or no value: %s %v", key, value)
		}
		f.series[key] = value
	}
	switch f.kind {
	case counter:
		set("", m.GetCounter().GetValue())
	case gauge:
		set("", m.GetGauge().GetValue())
	case histogram:
		for _, bucket := range m.GetHistogram().Bucket {
			set("_bucket", float64(bucket.GetCumulativeCount()), "le="+strconv.FormatFloat(bucket.GetUpperBound(), 'g', -1, 64))
		}
		set("_count", float64(m.GetHistogram().GetSampleCount()))
		set("_sum", m.GetHistogram().GetSampleSum())
	}
}

// checkHistogram finds buckets that do not grow, or do not end in the count.
func checkHistogram(fault func(string, ...any), name string, family *readFamily) {
	for key, total := range family.series {
		labels, ok := strings.CutPrefix(key, "_count{")
		if !ok {
			continue
		}
		labels = strings.TrimSuffix(labels, "}")
		separator := ","
		if labels == "" {
			separator = ""
		}
		last := 0.0
		for _, bound := range boundsOf(family) {
			le := strconv.FormatFloat(bound, 'g', -1, 64)
			n, there := family.series[fmt.Sprintf("_bucket{%s%sle=%s}", labels, separator, le)]
			if !there || n < last {
				fault("%s{%s}: the bucket %s is missing, or smaller than the one before", name, labels, le)
			}
			last = n
		}
		if n, there := family.series[fmt.Sprintf("_bucket{%s%sle=+Inf}", labels, separator)]; !there || n != total || n < last {
			fault("%s{%s}: got %v in the last bucket, want the count, %v", name, labels, n, total)
		}
		if _, there := family.series["_sum{"+labels+"}"]; !there {
			fault("%s{%s}: no sum", name, labels)
		}
	}
}

// boundsOf returns the bounds of a histogram's buckets in ascending order, of
// all its series.
func boundsOf(family *readFamily) []float64 {
	var bounds []float64
	for key := range family.series {
		_, le, _ := strings.Cut(strings.TrimSuffix(key, "}"), "le=")
		if bound, err := strconv.ParseFloat(le, 64); err == nil && !math.IsInf(bound, 1) && !slices.Contains(bounds, bound) {
			bounds = append(bounds, bound)
		}
	}
	slices.Sort(bounds)
	return bounds
}

func TestExposition(t *testing.T) {
	var d durations
	d.add(time.Millisecond)
	d.add(time.Minute)
	e := &exposition{}
	e.begin("a_total", counter, "Back\\slash and\nline.")
	e.series(1<<40, "x", "quote \" back\\slash\nline {brace}", "y", "ü\xff")
	e.begin("b_seconds", histogram, "How long.")
	e.histogram(&d)
	e.histogram(&d, "x", "1")
	e.single("c", gauge, "A part.", 0.25)
	page, err := e.text()
	if err != nil {
		t.Fatal(err)
	}
	got := readExposition(t.Errorf, string(page))
	want := map[string]float64{"{x=quote \" back\\slash\nline {brace},y=ü\uFFFD}": 1 << 40}
	for key, value := range want {
		if got["a_total"].series[key] != value {
			t.Errorf("got %v, want %s", got["a_total"].series, key)
		}
	}
	if b := got["b_seconds"].series; b["_sum{}"] != 60.001 || b["_count{x=1}"] != 2 || b["_bucket{x=1,le=0.001}"] != 1 {
		t.Errorf("got the histogram %v", b)
	}
	if got["c"].series["{}"] != 0.25 || got["c"].kind != gauge {
		t.Errorf("got %+v", got["c"])
	}
}

// unitOf is how a metric's name ends, behind _total.
var unitOf = []string{"_seconds", "_bytes", "_info", "_fds"}

// notUnits are words that a name with base units does not have.
var notUnits = []string{"millisecond", "microsecond", "minute", "hour", "kilobyte", "megabyte", "percent", "_ms", "_kb", "_mb", "_ns"}

// checkNames holds the families against the conventions of Prometheus.
func checkNames(t testing.TB, families map[string]*readFamily) {
	t.Helper()
	for name, family := range families {
		bare, total := strings.CutSuffix(name, "_total")
		if total != (family.kind == counter) {
			t.Errorf("%s is a %v: counters and nothing else end in _total", name, family.kind)
		}
		if !slices.Contains([]dto.MetricType{counter, gauge, histogram}, family.kind) {
			t.Errorf("%s has the type %v", name, family.kind)
		}
		if !strings.HasPrefix(name, "zerohop_") && !strings.HasPrefix(name, "process_") && !strings.HasPrefix(name, "go_") {
			t.Errorf("%s begins with no name of ours", name)
		}
		if family.kind == histogram && !strings.HasSuffix(name, "_seconds") && !strings.HasSuffix(name, "_statements") {
			t.Errorf("%s has no unit", name)
		}
		for _, unit := range unitOf {
			if strings.Contains(bare, unit) && !strings.HasSuffix(bare, unit) {
				t.Errorf("%s has its unit not at the end", name)
			}
		}
		for _, word := range notUnits {
			if strings.Contains(name, word) {
				t.Errorf("%s is not in seconds or bytes", name)
			}
		}
		for _, suffix := range []string{"_count", "_sum", "_bucket"} {
			if strings.HasSuffix(name, suffix) {
				t.Errorf("%s looks like a piece of a histogram", name)
			}
		}
		if family.help == "" || !strings.HasSuffix(family.help, ".") {
			t.Errorf("%s has the help %q, want a sentence", name, family.help)
		}
	}
}
