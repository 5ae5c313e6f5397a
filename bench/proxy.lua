-- Asks one URL again and again.
--
--   wrk -s proxy.lua URL
--
-- All requests are alike, so wrk makes the bytes of one and keeps them.

-- One line of JSON, for the program that started wrk. Times are microseconds.
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,' ..
    '"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.status, e.timeout))
end
