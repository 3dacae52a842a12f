/* Redis script: all that is done to the jobs of a queue in Redis, as one Lua script, so that each
 * step is done as a whole or not at all, whoever else is at work.
 *
 *   P:id, P:hold             counters: of jobs, and of times that a job was taken
 *   P:job:<id>               a hash: what is known of a job; no such key, no such job
 *   P:failures:<id>          a list: its attempts that ended without it being done
 *   P:<state>:<tube>         sorted sets: the jobs that are ready, lined or aside (by priority),
 *                            delayed (by when they are ready), held (by when the lease ends),
 *                            buried
 *   P:unique:<tube>:<key>    the id of the job that has the key, or had it lately
 *   P:result:<id>            the result of a job that is done, for as long as it is kept
 *   P:ended:<id>             for a while, how a job ended that has no result
 *   P:expiring               a sorted set: jobs, by when they expire
 *   P:consumers:<tube>       a sorted set: consumers, by when they are taken for dead
 *   P:tubes, P:paused        sets of names
 *
 *   and what redis-turns.ts has of keys: to whoever looks, jobs that are lined or aside are ready
 *
 *   channels: P:wake says a tube that has a job; P:end:<id> how a job ended; P:news:<consumer> what
 *   became of a job that it holds
 *
 * P stands for the prefix in braces, which has all keys in one slot. Members of the sorted sets are
 * ids of 16 digits, so that jobs of one priority are in their order. Time is that of the server.
 *
 * Redis refuses a command that takes memory when there is none, but not in a script that has
 * written before. So what empties the queue begins with a DEL of nothing, and a put does not.
 *
 * Called by redis-link.ts: KEYS[1] is P, ARGV[1] says what is done, the rest is for that.
 */
import { FAILURES_KEPT } from "./redis-limits.ts";
import { TURNS } from "./redis-turns.ts";

/** How many jobs that are due one call sees to, of each kind. */
const SWEEP_MAX = 1000;
/** How long a consumer of which nothing is heard is counted. */
export const CONSUMER_MILLIS = 30_000;
/** How long it is known how a job ended: so that whoever begins to wait meanwhile is told. */
const ENDED_MILLIS = 60_000;

export const SCRIPT = `
local P, what = KEYS[1], ARGV[1]
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function whole(number) return string.format('%.0f', number) end
local function member(id) return string.format('%016.0f', tonumber(id)) end
local function idOf(text) return whole(tonumber(text)) end
local function set(state, tube) return P .. ':' .. state .. ':' .. tube end
local function key(id) return P .. ':job:' .. id end

local function jobOf(id)
  local fields = call('HGETALL', key(id))
  if #fields == 0 then return nil end
  local job = {id = id}
  for at = 1, #fields, 2 do job[fields[at]] = fields[at + 1] end
  return job
end

local function heldBy(id, hold)
  local job = jobOf(id)
  if job and job.state == 'held' and job.hold == hold then return job end
  return nil
end

${TURNS}

local function failed(job, how, isSaid, message)
  local about = {attempt = tonumber(job.attempt), at = now, who = job.who or '', how = how}
  about.said = isSaid == '1'
  call('RPUSH', P .. ':failures:' .. job.id, cjson.encode(about) .. '\\n' .. message)
  call('LTRIM', P .. ':failures:' .. job.id, -${FAILURES_KEPT}, -1)
end

local function newestMessage(id)
  local failures = call('LRANGE', P .. ':failures:' .. id, 0, -1)
  for at = #failures, 1, -1 do
    local cut = string.find(failures[at], '\\n', 1, true)
    if cjson.decode(string.sub(failures[at], 1, cut - 1)).said then
      return string.sub(failures[at], cut + 1)
    end
  end
  return ''
end

local function told(id, how, text)
  call('PUBLISH', P .. ':end:' .. id, how .. '\\n' .. text)
end

local function gone(job, how, text)
  call('DEL', key(job.id))
  call('ZREM', P .. ':expiring', member(job.id))
  if job.lock then unlocked(job) end
  if job.unique and tonumber(job.cooldown) > 0 then
    call('PEXPIRE', job.unique, job.cooldown)
  elseif job.unique then
    call('DEL', job.unique)
  end
  local said = text or newestMessage(job.id)
  told(job.id, how, said)
  if how ~= 'finished' then
    call('SET', P .. ':ended:' .. job.id, how .. '\\n' .. said, 'PX', ${ENDED_MILLIS})
  end
  call('DEL', P .. ':failures:' .. job.id)
end

local function buried(job, how)
  call('ZREM', P .. ':expiring', member(job.id))
  if how ~= 'buried' then call('HDEL', key(job.id), 'expires', 'most') end
  enter(job, 'buried', 0)
  told(job.id, how, newestMessage(job.id))
end

local function isOver(job)
  return job.expires and tonumber(job.expires) <= now
end

local function again(job, delay)
  if isOver(job) then
    failed(job, 'expired', '0', '')
    buried(job, 'expired')
  elseif tonumber(delay) > 0 then
    enter(job, 'delayed', now + delay)
    call('PUBLISH', P .. ':wake', job.tube) -- who waits for the tube waits no longer than that
  else
    enter(job, 'ready')
  end
end

local function charged(job, how, isSaid, message, delay)
  leave(job)
  if job.cancelled then
    gone(job, 'cancelled')
  elseif job.most and job.attempt - (job.since or 0) >= tonumber(job.most) then
    failed(job, 'exhausted', isSaid, message)
    buried(job, 'dead')
  else
    failed(job, how, isSaid, message)
    again(job, delay)
  end
end

local function anew(job)
  call('HSET', key(job.id), 'since', job.attempt)
end

local function handedBack(job, delay)
  leave(job)
  if job.cancelled then return gone(job, 'cancelled') end
  call('HINCRBY', key(job.id), 'attempt', -1)
  again(job, delay)
end

local function due(name)
  return call('ZRANGEBYSCORE', name, '-inf', now, 'LIMIT', 0, ${SWEEP_MAX})
end

-- a lock goes over all tubes, and whoever had one may have been the only one in his
local function sweepLeases(name)
  for _, text in ipairs(due(name)) do
    local job = jobOf(idOf(text))
    if job then
      call('PUBLISH', P .. ':news:' .. job.consumer, 'lost ' .. job.id .. ' ' .. job.hold)
      charged(job, 'timed-out', '0', '', 0)
    else
      call('ZREM', name, text)
    end
  end
end

local function sweep(tube)
  for _, text in ipairs(due(set('delayed', tube))) do
    local job = jobOf(idOf(text))
    call('ZREM', set('delayed', tube), text)
    if job then again(job, 0) end
  end
  sweepLeases(set('held', tube))
  sweepLeases(P .. ':leases')
  for _, text in ipairs(due(P .. ':expiring')) do
    local job = jobOf(idOf(text))
    call('ZREM', P .. ':expiring', text)
    if job and job.state ~= 'held' then
      leave(job)
      failed(job, 'expired', '0', '')
      buried(job, 'expired')
    end
  end
end

-- tube, priority, delay, lease, unique, cooldown, expires, most, body, share, lock, limit: from
-- that place on
local PUT_WORDS = 12
local function put(at)
  local tube, unique = ARGV[at], ARGV[at + 4]
  local name = P .. ':unique:' .. tube .. ':' .. unique
  if unique ~= '' then
    local known = call('GET', name)
    if known then return {known, '0'} end
  end
  local id = whole(call('INCR', P .. ':id'))
  local job = {id = id, tube = tube, priority = ARGV[at + 1]}
  call('HSET', key(id), 'tube', tube, 'priority', job.priority, 'lease', ARGV[at + 3],
    'body', ARGV[at + 8], 'at', now, 'attempt', 0)
  call('SADD', P .. ':tubes', tube)
  if unique ~= '' then
    call('SET', name, id)
    call('HSET', key(id), 'unique', name, 'cooldown', ARGV[at + 5])
  end
  if ARGV[at + 6] ~= '' then
    call('HSET', key(id), 'expires', now + ARGV[at + 6])
    call('ZADD', P .. ':expiring', now + ARGV[at + 6], member(id))
  end
  if ARGV[at + 7] ~= '' then call('HSET', key(id), 'most', ARGV[at + 7]) end
  if ARGV[at + 9] ~= '' then
    job.share = ARGV[at + 9]
    call('HSET', key(id), 'share', job.share)
  end
  if ARGV[at + 10] ~= '' then
    job.lock = ARGV[at + 10]
    call('HSET', key(id), 'lock', job.lock)
    locked(job, ARGV[at + 11])
  end
  again(job, ARGV[at + 2])
  return {id, '1'}
end

local function puts(from)
  local outcomes = {}
  for at = from, #ARGV, PUT_WORDS do outcomes[#outcomes + 1] = put(at) end
  return outcomes
end

local function first(tubes)
  local best, priority
  for _, tube in ipairs(tubes) do
    local text, score = frontOf(tube)
    if text and (not best or score < priority or (score == priority and text < best)) then
      best, priority = text, score
    end
  end
  return best and jobOf(idOf(best))
end

local function take(tubes, count, consumer, who)
  local jobs = {}
  while #jobs < count do
    local job = first(tubes)
    if not job then break end
    local number, attempt = whole(call('INCR', P .. ':hold')), whole(job.attempt + 1)
    call('HSET', key(job.id), 'hold', number, 'consumer', consumer, 'who', who, 'attempt', attempt)
    hold(job, now + job.lease)
    jobs[#jobs + 1] = {job.id, job.tube, attempt, number, job.body}
  end
  return jobs
end

local function untilNext(tubes)
  local soonest
  local function look(name)
    local found = call('ZRANGE', name, 0, 0, 'WITHSCORES')
    if #found > 0 and (not soonest or tonumber(found[2]) < soonest) then
      soonest = tonumber(found[2])
    end
  end
  for _, tube in ipairs(tubes) do
    look(set('delayed', tube))
    look(set('held', tube))
  end
  look(P .. ':expiring')
  look(P .. ':leases')
  return soonest and whole(math.max(0, soonest - now)) or ''
end

-- jobs that were given to the consumer, and that it never heard of
local function recover(tubes, consumer, newest)
  for _, tube in ipairs(tubes) do
    for _, text in ipairs(call('ZRANGE', set('held', tube), 0, -1)) do
      local job = jobOf(idOf(text))
      if job and job.consumer == consumer and tonumber(job.hold) > tonumber(newest) then
        handedBack(job, 0)
      end
    end
  end
end

-- all that are ready, whether they may be taken or not
local READY = {'ready', 'lined', 'aside'}

local function count(tube)
  sweep(tube)
  local counts = {}
  for at, state in ipairs({'ready', 'delayed', 'held', 'buried'}) do
    counts[at] = call('ZCARD', set(state, tube))
  end
  counts[1] = counts[1] + call('ZCARD', set('lined', tube)) + call('ZCARD', set('aside', tube))
  return counts
end

local did = {}

function did.put() return puts(2) end

-- consumer, who, count, '1' to recover what was taken after the hold that follows, tubes
function did.take()
  local consumer, tubes, open = ARGV[2], {}, {}
  for at = 7, #ARGV do tubes[#tubes + 1] = ARGV[at] end
  if ARGV[5] == '1' then recover(tubes, consumer, ARGV[6]) end
  for _, tube in ipairs(tubes) do
    sweep(tube)
    call('ZREMRANGEBYSCORE', set('consumers', tube), '-inf', now)
    call('ZADD', set('consumers', tube), now + ${CONSUMER_MILLIS}, consumer)
    call('SADD', P .. ':tubes', tube)
    if call('SISMEMBER', P .. ':paused', tube) == 0 then open[#open + 1] = tube end
  end
  local jobs = take(open, tonumber(ARGV[4]), consumer, ARGV[3])
  return {untilNext(tubes), jobs}
end

function did.left()
  for at = 3, #ARGV do call('ZREM', set('consumers', ARGV[at]), ARGV[2]) end
end

-- each of the following: id, hold, and what it is about
local held = {}

function held.complete(job)
  leave(job)
  gone(job, 'finished', ARGV[5])
  if tonumber(ARGV[4]) > 0 then
    call('SET', P .. ':result:' .. job.id, ARGV[5], 'PX', ARGV[4])
  end
  puts(6)
end

function held.release(job) charged(job, 'released', ARGV[5], ARGV[6], ARGV[4]) end

function held.handBack(job) handedBack(job, ARGV[4]) end

function held.bury(job)
  leave(job)
  if job.cancelled then return gone(job, 'cancelled') end
  failed(job, 'buried', ARGV[4], ARGV[5])
  buried(job, 'buried')
end

function held.moveTo(job)
  leave(job)
  if job.cancelled then return gone(job, 'cancelled') end
  failed(job, 'moved', ARGV[5], ARGV[6])
  anew(job)
  job.tube = ARGV[4]
  call('HSET', key(job.id), 'tube', job.tube)
  call('SADD', P .. ':tubes', job.tube)
  again(job, 0)
end

function held.discard(job)
  leave(job)
  gone(job, 'deleted')
end

function held.renew(job)
  call('ZADD', set('held', job.tube), now + job.lease, member(job.id))
  if job.lock then call('ZADD', P .. ':leases', now + job.lease, member(job.id)) end
  return job.cancelled and 'cancelled' or 'ok'
end

function held.progress(job)
  call('HSET', key(job.id), 'progress', ARGV[4])
  return held.renew(job)
end

function did.look()
  local job = jobOf(ARGV[2])
  if not job then return nil end
  sweep(job.tube)
  job = jobOf(ARGV[2])
  if not job then return nil end
  local left = 0
  if job.state == 'delayed' or job.state == 'held' then
    local score = call('ZSCORE', set(job.state, job.tube), member(job.id))
    left = math.max(0, tonumber(score) - now)
  end
  local state = (job.state == 'lined' or job.state == 'aside') and 'ready' or job.state
  return {job.tube, state, job.body, job.priority, job.attempt, job.cancelled or '0',
    whole(now - job.at), whole(left), job.progress and {job.progress} or {},
    call('LRANGE', P .. ':failures:' .. job.id, 0, -1)}
end

function did.ended()
  local result = call('GET', P .. ':result:' .. ARGV[2])
  if result then return 'finished\\n' .. result end
  local ended = call('GET', P .. ':ended:' .. ARGV[2])
  if ended then return ended end
  local job = jobOf(ARGV[2])
  if not job then return nil end
  sweep(job.tube)
  job = jobOf(ARGV[2])
  if not job or job.state ~= 'buried' then return 'waiting\\n' end
  local failures = call('LRANGE', P .. ':failures:' .. job.id, -1, -1)
  local how = #failures > 0 and string.match(failures[1], '"how":"([%w-]+)"') or 'buried'
  if how == 'exhausted' then how = 'dead' elseif how ~= 'expired' then how = 'buried' end
  return how .. '\\n' .. newestMessage(job.id)
end

function did.cancel()
  local job = jobOf(ARGV[2])
  if not job then return 'not-found' end
  if job.state == 'held' then
    call('HSET', key(job.id), 'cancelled', '1')
    call('PUBLISH', P .. ':news:' .. job.consumer, 'cancelled ' .. job.id .. ' ' .. job.hold)
    return 'signalled'
  end
  leave(job)
  gone(job, 'cancelled')
  return 'cancelled'
end

function did.move()
  local job = jobOf(ARGV[2])
  if not job or job.state == 'held' then return '0' end
  local state = job.state
  local score = call('ZSCORE', set(state, job.tube), member(job.id))
  leave(job)
  anew(job)
  job.tube = ARGV[3]
  call('HSET', key(job.id), 'tube', job.tube)
  call('SADD', P .. ':tubes', job.tube)
  local isReady = state ~= 'delayed' and state ~= 'buried'
  enter(job, isReady and 'ready' or state, score)
  if state == 'delayed' then call('PUBLISH', P .. ':wake', job.tube) end
  return '1'
end

function did.retry()
  local job = jobOf(ARGV[2])
  if not job or (job.state ~= 'buried' and job.state ~= 'delayed') then return '0' end
  leave(job)
  anew(job)
  if isOver(job) then
    call('HDEL', key(job.id), 'expires') -- it is wanted, however late
    job.expires = nil
  end
  if job.expires then call('ZADD', P .. ':expiring', job.expires, member(job.id)) end
  again(job, 0)
  return '1'
end

function did.list()
  sweep(ARGV[2])
  local ids = {}
  for _, state in ipairs(ARGV[3] == 'ready' and READY or {ARGV[3]}) do
    for _, text in ipairs(call('ZRANGE', set(state, ARGV[2]), 0, -1)) do
      ids[#ids + 1] = idOf(text)
    end
  end
  return ids
end

function did.pause()
  call('SADD', P .. ':paused', ARGV[2])
end

function did.resume()
  call('SREM', P .. ':paused', ARGV[2])
  call('PUBLISH', P .. ':wake', ARGV[2])
end

function did.count()
  local counts = count(ARGV[2])
  counts[5] = call('ZCOUNT', set('consumers', ARGV[2]), now, '+inf')
  return counts
end

function did.countAll()
  local sums, consumers = {0, 0, 0, 0}, {}
  for _, tube in ipairs(call('SMEMBERS', P .. ':tubes')) do
    local counts, isEmpty = count(tube), true
    for at = 1, 4 do
      sums[at] = sums[at] + counts[at]
      isEmpty = isEmpty and counts[at] == 0
    end
    local there = call('ZRANGEBYSCORE', set('consumers', tube), now, '+inf')
    for _, consumer in ipairs(there) do consumers[consumer] = true end
    if isEmpty and #there == 0 then
      call('SREM', P .. ':tubes', tube)
      call('SREM', P .. ':fair', tube)
    end
  end
  local workers = 0
  for _ in pairs(consumers) do workers = workers + 1 end
  sums[5] = workers
  return sums
end

if what == 'put' then return did.put() end
call('DEL', P .. ':nothing')
if did[what] then return did[what]() end
local job = heldBy(ARGV[2], ARGV[3])
if not job then return 'not-held' end
return held[what](job) or 'ok'
`;
