package probe

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// check asks the target once, for no longer than the timeout.
func (p *Prober) check(t Target) error {
	ctx, cancel := context.WithTimeoutCause(p.ctx, p.cfg.Timeout, fmt.Errorf("no answer within %v: %w", p.cfg.Timeout, context.DeadlineExceeded))
	defer cancel()
	err := p.ask(ctx, t)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// ask connects, sends, and judges the answer, until ctx ends.
func (p *Prober) ask(ctx context.Context, t Target) error {
	conn, err := t.Dial(ctx)
	if err != nil {
		return err // which says that it is of connecting
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if err := send(conn, p.cfg.request(t.Host)); err != nil {
		return err
	}
	return p.cfg.newAnswer(conn).judge()
}

func send(conn net.Conn, request string) error {
	if _, err := io.WriteString(conn, request); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// request returns the bytes to send; host is the target's own.
func (c *Config) request(host string) string {
	if c.Path == "" {
		return c.Send
	}
	if c.Host != "" {
		host = c.Host
	}
	version := "1.1"
	if c.HTTP10 {
		version = "1.0"
	}
	return "GET " + c.Path + " HTTP/" + version + "\r\nHost: " + host +
		"\r\nUser-Agent: zerohop-health\r\nAccept: */*\r\nConnection: close\r\n\r\n"
}
