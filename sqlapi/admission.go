package sqlapi

import (
	"fmt"
	"time"
)

// admit takes a slot of the gate for a call, queueing where the configuration
// says so. The error is ErrUnavailable, ErrPoolFull or ErrTimeout.
func (db *Database) admit(c *call) error {
	if err := db.available(); err != nil {
		return err
	}
	if db.gate.enter() {
		return nil
	}
	return db.await(c)
}

// await queues for a slot, for the configured time, and until the call's
// deadline at most.
func (db *Database) await(c *call) error {
	w := db.gate.join()
	if w == nil {
		db.count.rejected.Add(1)
		return ErrPoolFull
	}
	limit := time.NewTimer(min(db.cfg.Wait, time.Until(c.deadline)))
	defer limit.Stop()
	select {
	case err := <-w.ready:
		return err
	case <-limit.C:
	case <-c.ctx.Done():
	}
	if !db.gate.quit(w) { // its turn has come at this moment
		return <-w.ready
	}
	if err := c.over("waiting for a slot"); err != nil {
		return err
	}
	db.count.waitTimeouts.Add(1)
	return fmt.Errorf("%w: waited %v", ErrPoolFull, db.cfg.Wait)
}
