package gateway

import (
	"maps"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"zerohop/sqlapi"
)

// labelled is something that has figures, and the labels of their series.
type labelled[T any] struct {
	figures T
	labels  []string
}

// familiesOf adds families to a page that have one series each for the same
// things. Their names begin alike.
type familiesOf[T any] struct {
	page   *exposition
	prefix string
	things []labelled[T]
}

// byName returns the families of things that have a name, under a label.
func byName[K, T any](page *exposition, prefix, label string, named map[string]K, figures func(K) T) familiesOf[T] {
	f := familiesOf[T]{page: page, prefix: prefix}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		f.things = append(f.things, labelled[T]{figures(named[name]), []string{label, name}})
	}
	return f
}

// gauge adds a family of what there is now.
func (f familiesOf[T]) gauge(name, help string, value func(T) int) {
	f.add(name, gauge, help, func(figures T) float64 { return float64(value(figures)) })
}

// flag adds a family of what holds now, as 1, or does not, as 0.
func (f familiesOf[T]) flag(name, help string, holds func(T) bool) {
	f.add(name, gauge, help, func(figures T) float64 { return oneIf(holds(figures)) })
}

// counter adds a family of what has been counted.
func (f familiesOf[T]) counter(name, help string, count func(T) uint64) {
	f.add(name+"_total", counter, help, func(figures T) float64 { return float64(count(figures)) })
}

func (f familiesOf[T]) add(name string, kind dto.MetricType, help string, value func(T) float64) {
	f.page.begin(f.prefix+name, kind, help)
	for _, thing := range f.things {
		f.page.series(value(thing.figures), thing.labels...)
	}
}

// distribution adds a family of histograms.
func (f familiesOf[T]) distribution(name, help string, counted func(T) sqlapi.Histogram) {
	f.page.begin(f.prefix+name, histogram, help)
	for _, thing := range f.things {
		f.page.buckets(counted(thing.figures), thing.labels...)
	}
}
