//go:build race

package upstream

// raceEnabled: under the race detector pools forget, so allocations are not counted.
const raceEnabled = true
