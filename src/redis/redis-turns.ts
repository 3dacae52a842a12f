/* Redis turns: which of the jobs that are ready may be taken, and which is next: the part of the
 * script of redis-script.ts that keeps exclusive keys ("locks" there) and fair shares.
 *
 *   P:ready:<tube>           by priority: jobs of no key, which go before those of lines
 *   P:lined:<tube>           by priority: jobs that stand in a line, since their tube is fair
 *   P:aside:<tube>           by priority: jobs that wait for their lock
 *   P:fair                   a set: tubes whose jobs stand in lines
 *   P:line:<at>:<key>        a sorted set: the jobs of a key; <at> is a tube and a priority
 *   P:head:<tube>            by priority: the first of each line, as the number of its turn and it
 *   P:heads:<at>             a hash: the first of each line, by its key
 *   P:turn:<at>              the number of the turn that somebody had last
 *   P:turns:<at>             a sorted set: keys, by the number of their next turn
 *   P:lock:<lock>            a hash: how many jobs have it, its limit, and who is next, by tube
 *   P:running:<lock>         a set: jobs that have the lock and are held
 *   P:leases                 by the end of their lease: all jobs that have a lock and are held
 *   P:askers:<lock>          a set: tubes with jobs that want it
 *   P:asking:<lock>:<tube>   by priority: these jobs
 *
 * Invariants: whatever is in `ready` or `head` may be taken at once: of the jobs of a lock at most
 * the first one of each tube is, and only while the lock has room. A key that was given a job has
 * its next turn after every other key that has jobs; one that comes has its first turn now.
 *
 * It knows P, call, whole, member, idOf, set, key and jobOf, and defines enter, leave, hold,
 * frontOf, locked and unlocked.
 */
export const TURNS = `
-- the first of its job's line has the line's turn
local function advance(job)
  local at, who = job.tube .. ':' .. job.priority, job.share or ''
  local heads, turns, turn = P .. ':heads:' .. at, P .. ':turns:' .. at, P .. ':turn:' .. at
  local first = call('ZRANGE', P .. ':line:' .. at .. ':' .. who, 0, 0)[1]
  local known = call('HGET', heads, who)
  if known and string.sub(known, -16) == first then return end
  if known then call('ZREM', set('head', job.tube), known) end
  if first then
    local number = known and string.sub(known, 1, 16)
    if not number then
      number = math.max(call('GET', turn) or 0, call('ZSCORE', turns, who) or 0)
    end
    call('HSET', heads, who, member(number) .. first)
    call('ZADD', set('head', job.tube), job.priority, member(number) .. first)
  else
    call('HDEL', heads, who)
    if call('EXISTS', heads) == 0 then call('DEL', turns, turn) end
  end
end

-- it is the first of its line, and is taken
local function hadTurn(job)
  local at, who = job.tube .. ':' .. job.priority, job.share or ''
  local known = call('HGET', P .. ':heads:' .. at, who)
  local number = tonumber(string.sub(known, 1, 16))
  call('SET', P .. ':turn:' .. at, whole(number))
  call('ZADD', P .. ':turns:' .. at, number + 1, who)
  call('ZREMRANGEBYSCORE', P .. ':turns:' .. at, '-inf', whole(number))
  call('HDEL', P .. ':heads:' .. at, who)
  call('ZREM', set('head', job.tube), known)
end

local function stand(job, state, score)
  job.state = state
  call('ZADD', set(state, job.tube), score, member(job.id))
  call('HSET', key(job.id), 'state', state)
end

local function lineOf(job)
  return P .. ':line:' .. job.tube .. ':' .. job.priority .. ':' .. (job.share or '')
end

-- out of the set of its state
local function quit(job)
  call('ZREM', set(job.state, job.tube), member(job.id))
  if job.state == 'lined' then
    call('ZREM', lineOf(job), member(job.id))
    advance(job)
  end
end

-- it may be taken, when its turn comes
local function queue(job)
  if job.share then call('SADD', P .. ':fair', job.tube) end
  if call('SISMEMBER', P .. ':fair', job.tube) == 1 then
    stand(job, 'lined', job.priority)
    call('ZADD', lineOf(job), 0, member(job.id))
    advance(job)
  else
    stand(job, 'ready', job.priority)
  end
  call('PUBLISH', P .. ':wake', job.tube)
end

-- of the jobs of a tube that want a lock the first one may be taken, if the lock has room
local function settle(lock, tube)
  local about = P .. ':lock:' .. lock
  local first = call('ZRANGE', P .. ':asking:' .. lock .. ':' .. tube, 0, 0)[1]
  if not first then call('SREM', P .. ':askers:' .. lock, tube) end
  if call('SCARD', P .. ':running:' .. lock) >= tonumber(call('HGET', about, 'limit')) then
    first = nil
  end
  local known = call('HGET', about, 'next:' .. tube)
  if known == (first or false) then return end
  if known then
    local job = jobOf(idOf(known))
    quit(job)
    stand(job, 'aside', job.priority)
  end
  if first then
    local job = jobOf(idOf(first))
    quit(job)
    queue(job)
    call('HSET', about, 'next:' .. tube, first)
  else
    call('HDEL', about, 'next:' .. tube)
  end
end

local function settleAll(lock)
  for _, tube in ipairs(call('SMEMBERS', P .. ':askers:' .. lock)) do settle(lock, tube) end
end

-- it wants its lock no more: it has it, or is gone from the tube
local function asksNoMore(job)
  call('ZREM', P .. ':asking:' .. job.lock .. ':' .. job.tube, member(job.id))
  local about = P .. ':lock:' .. job.lock
  if call('HGET', about, 'next:' .. job.tube) == member(job.id) then
    call('HDEL', about, 'next:' .. job.tube)
  end
end

-- a job that is new has the lock
local function locked(job, limit)
  local about = P .. ':lock:' .. job.lock
  call('HINCRBY', about, 'jobs', 1)
  if tonumber(limit) > tonumber(call('HGET', about, 'limit') or 0) then
    call('HSET', about, 'limit', limit)
    settleAll(job.lock)
  end
end

-- a job that is gone had it
local function unlocked(job)
  local about = P .. ':lock:' .. job.lock
  if call('HINCRBY', about, 'jobs', -1) <= 0 then call('DEL', about) end
end

local function enter(job, state, score)
  if state ~= 'ready' then return stand(job, state, score) end
  if not job.lock then return queue(job) end
  stand(job, 'aside', job.priority)
  call('SADD', P .. ':askers:' .. job.lock, job.tube)
  call('ZADD', P .. ':asking:' .. job.lock .. ':' .. job.tube, job.priority, member(job.id))
  settle(job.lock, job.tube)
end

local function leave(job)
  local was = job.state
  quit(job)
  if not job.lock then return end
  if was == 'held' then
    call('SREM', P .. ':running:' .. job.lock, job.id)
    call('ZREM', P .. ':leases', member(job.id))
    settleAll(job.lock)
  elseif was == 'ready' or was == 'lined' or was == 'aside' then
    asksNoMore(job)
    settle(job.lock, job.tube)
  end
end

-- it is ready, and is held from now on
local function hold(job, untilTime)
  if job.state == 'lined' then hadTurn(job) end
  quit(job)
  stand(job, 'held', untilTime)
  if not job.lock then return end
  asksNoMore(job)
  call('SADD', P .. ':running:' .. job.lock, job.id)
  call('ZADD', P .. ':leases', untilTime, member(job.id))
  settleAll(job.lock)
end

-- the job of a tube that is next, and its priority
local function frontOf(tube)
  local plain = call('ZRANGE', set('ready', tube), 0, 0, 'WITHSCORES')
  local head = call('ZRANGE', set('head', tube), 0, 0, 'WITHSCORES')
  if #head == 0 or (#plain > 0 and tonumber(plain[2]) <= tonumber(head[2])) then
    return plain[1], tonumber(plain[2])
  end
  return string.sub(head[1], -16), tonumber(head[2])
end
`;
