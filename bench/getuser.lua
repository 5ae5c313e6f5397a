-- Asks GET /getuser for random users of the table, with their own passwords.
--
--   wrk -s getuser.lua http://HOST:PORT/getuser -- USERS SEED
--
-- All requests are made before the load begins, so that it is a table lookup
-- that is measured along with the server, not string work. The same SEED asks
-- for the same users in the same order.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(text)
  local out = {}
  for i = 1, #text, 3 do
    local a, b, c = text:byte(i, i + 2)
    local bits = a * 65536 + (b or 0) * 256 + (c or 0)
    for place = 3, 0, -1 do
      local digit = math.floor(bits / 64 ^ place) % 64
      out[#out + 1] = digits:sub(digit + 1, digit + 1)
    end
    if not c then out[#out] = "=" end
    if not b then out[#out - 1] = "=" end
  end
  return table.concat(out)
end

local requests = {}
local random = math.random

function init(args)
  local users, seed = tonumber(args[1]), tonumber(args[2])
  for n = 1, users do
    local credentials = base64(string.format("user%04d:passwd%04d", n, n))
    requests[n] = wrk.format("GET", nil, { Authorization = "Basic " .. credentials })
  end
  math.randomseed(seed * 1000 + number)
end

function request()
  return requests[random(#requests)]
end

-- One line of JSON, for the program that started wrk. Times are microseconds.
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,' ..
    '"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.status, e.timeout))
end
