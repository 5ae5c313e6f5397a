package gateway

import (
	"bytes"
	"fmt"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"zerohop/sqlapi"
)

// The kinds of metrics.
const (
	counter   = dto.MetricType_COUNTER
	gauge     = dto.MetricType_GAUGE
	histogram = dto.MetricType_HISTOGRAM
)

// expositionType is the content type of an exposition.
const expositionType = "text/plain; version=0.0.4; charset=utf-8"

// exposition is a page of metrics while it is being filled: families, one
// behind the other, each with its series.
//
// The numbers are counted elsewhere, by atomics that cost a request next to
// nothing; how a page is written is the Prometheus project's own business.
type exposition struct {
	families []*dto.MetricFamily
}

// begin begins a family. Its series follow, and no other's.
func (e *exposition) begin(name string, kind dto.MetricType, help string) {
	e.families = append(e.families, &dto.MetricFamily{Name: &name, Type: &kind, Help: &help})
}

// series adds one series of the family. labels are pairs of a name and a value.
func (e *exposition) series(value float64, labels ...string) {
	family := e.families[len(e.families)-1]
	m := &dto.Metric{Label: labelPairs(labels)}
	if family.GetType() == counter {
		m.Counter = &dto.Counter{Value: &value}
	} else {
		m.Gauge = &dto.Gauge{Value: &value}
	}
	family.Metric = append(family.Metric, m)
}

// single adds a family that has one series, without labels.
func (e *exposition) single(name string, kind dto.MetricType, help string, value float64) {
	e.begin(name, kind, help)
	e.series(value)
}

// histogram adds a histogram to the family, in seconds.
func (e *exposition) histogram(d *durations, labels ...string) {
	counts := d.upTo()
	total, sum := counts[len(durationBounds)], float64(d.sum.Load())/1e9
	h := &dto.Histogram{SampleCount: &total, SampleSum: &sum}
	for i, bound := range durationBounds {
		seconds := bound.Seconds()
		h.Bucket = append(h.Bucket, &dto.Bucket{CumulativeCount: &counts[i], UpperBound: &seconds})
	}
	family := e.families[len(e.families)-1]
	family.Metric = append(family.Metric, &dto.Metric{Label: labelPairs(labels), Histogram: h})
}

// buckets adds a histogram of sqlapi's to the family.
func (e *exposition) buckets(counted sqlapi.Histogram, labels ...string) {
	h := &dto.Histogram{SampleSum: &counted.Sum}
	var total uint64
	for i := range counted.Counts {
		total += counted.Counts[i]
		if i < len(counted.Bounds) {
			upTo := total
			h.Bucket = append(h.Bucket, &dto.Bucket{CumulativeCount: &upTo, UpperBound: &counted.Bounds[i]})
		}
	}
	h.SampleCount = &total
	family := e.families[len(e.families)-1]
	family.Metric = append(family.Metric, &dto.Metric{Label: labelPairs(labels), Histogram: h})
}

// text returns the page. A family without series is left out.
func (e *exposition) text() ([]byte, error) {
	var page bytes.Buffer
	for _, family := range e.families {
		if len(family.Metric) == 0 {
			continue
		}
		if _, err := expfmt.MetricFamilyToText(&page, family); err != nil {
			return nil, fmt.Errorf("write metrics: %w", err)
		}
	}
	return page.Bytes(), nil
}

// labelPairs returns labels as the format wants them, in UTF-8.
func labelPairs(labels []string) []*dto.LabelPair {
	pairs := make([]*dto.LabelPair, 0, len(labels)/2)
	for i := 0; i < len(labels); i += 2 {
		value := strings.ToValidUTF8(labels[i+1], "\uFFFD")
		pairs = append(pairs, &dto.LabelPair{Name: &labels[i], Value: &value})
	}
	return pairs
}
