package main

import (
	"fmt"
	"slices"
	"time"
)

// figures say how a peer did, in one round or as the medians of several.
// Times are microseconds.
type figures struct {
	Rate        float64 `json:"requests_per_second"`
	P50         float64 `json:"p50_us"`
	P99         float64 `json:"p99_us"`
	GatewayCPU  float64 `json:"gateway_cpu_us_per_request"`
	SourceCPU   float64 `json:"source_cpu_us_per_request"` // of what is behind the gateway
	Connections float64 `json:"source_connections"`        // open half-way through
}

// newFigures makes figures of a load, of the processor time that the gateway
// and its source used meanwhile, and of the connections between the two.
func newFigures(l load, gateway, source time.Duration, connections int) figures {
	requests := float64(l.Requests)
	return figures{
		Rate:        requests / (l.Duration / 1e6),
		P50:         l.P50,
		P99:         l.P99,
		GatewayCPU:  float64(gateway.Nanoseconds()) / 1e3 / requests,
		SourceCPU:   float64(source.Nanoseconds()) / 1e3 / requests,
		Connections: float64(connections),
	}
}

// fault names a figure that was not measured, or is "". Every figure of a real
// round that counts is above zero, so that it can be divided by.
func (f figures) fault(counting []metric) string {
	for _, m := range counting {
		if v := *m.of(&f); v <= 0 {
			return fmt.Sprintf("%s was measured as %g", m.name, v)
		}
	}
	return ""
}

// metric is one of the figures: how it is called, and how it is written.
type metric struct {
	name   string
	of     func(*figures) *float64
	format func(float64) string
}

// rateMetric is the figure that ratios are mostly asked of.
const rateMetric = "requests/s"

// gatewayMetrics are the figures of every gateway, in the order of the report.
func gatewayMetrics() []metric {
	millis := func(us float64) string { return fmt.Sprintf("%.2f ms", us/1e3) }
	return []metric{
		{rateMetric, func(f *figures) *float64 { return &f.Rate }, thousands},
		{"p50", func(f *figures) *float64 { return &f.P50 }, millis},
		{"p99", func(f *figures) *float64 { return &f.P99 }, millis},
		{"gateway CPU/request", func(f *figures) *float64 { return &f.GatewayCPU }, micros},
	}
}

// getuserMetrics are those of GET /getuser.
func getuserMetrics() []metric {
	return append(gatewayMetrics(),
		metric{"MariaDB CPU/request", func(f *figures) *float64 { return &f.SourceCPU }, micros},
		metric{"connections", func(f *figures) *float64 { return &f.Connections }, thousands})
}

// proxyMetrics are those of a proxy in front of a server.
func proxyMetrics() []metric {
	return append(gatewayMetrics(), metric{"upstream CPU/request", func(f *figures) *float64 { return &f.SourceCPU }, micros})
}

func micros(us float64) string { return fmt.Sprintf("%.1f µs", us) }

// spread is where several values lie.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// newSpread returns the spread of values, of which there must be at least one.
func newSpread(values []float64) spread {
	if len(values) == 0 {
		panic("bug: spread of no values")
	}
	sorted := slices.Sorted(slices.Values(values))
	last := len(sorted) - 1
	return spread{
		Median: (sorted[last/2] + sorted[(last+1)/2]) / 2,
		Min:    sorted[0],
		Max:    sorted[last],
	}
}

// medians returns the median of each figure that counts.
func medians(rounds []figures, counting []metric) figures {
	var all figures
	for _, m := range counting {
		values := make([]float64, len(rounds))
		for i := range rounds {
			values[i] = *m.of(&rounds[i])
		}
		*m.of(&all) = newSpread(values).Median
	}
	return all
}

// thousands writes a whole number with a comma at every third digit.
func thousands(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
