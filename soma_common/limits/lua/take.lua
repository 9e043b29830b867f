-- GCRA on the server's clock, in microseconds: the key holds the theoretical arrival time of the next request.
-- KEYS[1] whose requests; ARGV[1] the interval, ARGV[2] the tolerance. Gives 0 for a request that is taken, else the
-- microseconds until one would be. What could start afresh anyway is forgotten by itself.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
local arrival = tonumber(redis.call('GET', KEYS[1]) or 0)
if arrival > now + tolerance then
  return arrival - tolerance - now
end
arrival = math.max(arrival, now) + interval
redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000))
return 0
