"""The same promises kept by Redis: `window.py` and `memory.py` in its own language, so that all processes share them.

Times are in microseconds of the server's clock, unless ARGV[1] hands in others. A window is one packed list: what is
foreign, until when, and its runs, (last instant, count) each. Entries from a window ahead are forgotten: they are what
a clock that was set back leaves behind. Places are one packed table: for each process how many it holds, and when it
last said so; whoever has been silent for ARGV[3] is dead, and its places are free. The heads of lines that found no
room are one packed table beside each limit: for each when it came, and until when it is believed to stand there.
"""

from __future__ import annotations

from llm.redis import Script

_MEASURES = """
local now, name, silence = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000000 + time[2]
end

local function load(key)
    local packed = redis.call('GET', key)
    return packed and cmsgpack.unpack(packed) or {}
end

local function read(key, window)
    local stored = load(key)
    local foreign, till = stored[1] or 0, stored[2] or 0
    if till <= now or till > now + window then foreign, till = 0, 0 end
    local kept = {foreign, till}
    local used = foreign
    for i = 3, #stored, 2 do
        local age = now - stored[i]
        if age < window and age > -window then
            kept[#kept + 1], kept[#kept + 2] = stored[i], stored[i + 1]
            used = used + stored[i + 1]
        end
    end
    return kept, used
end

local function run_of(instant, window) return math.floor(instant * 60 / window) end

local function add(kept, window, count)
    local last = #kept - 1
    if last > 2 and run_of(kept[last], window) == run_of(now, window) then
        kept[last], kept[last + 1] = math.max(kept[last], now), kept[last + 1] + count
    else
        kept[#kept + 1], kept[#kept + 2] = now, count
    end
end

local function give_back(kept, window, at, count)
    for i = 3, #kept, 2 do
        if run_of(kept[i], window) == run_of(at, window) then
            kept[i + 1] = math.max(0, kept[i + 1] - count)
            return
        end
    end
end

local function wait(kept, window, room)
    local leaving = {}
    for i = 3, #kept, 2 do leaving[#leaving + 1] = {kept[i] + window, kept[i + 1]} end
    if kept[1] > 0 then
        leaving[#leaving + 1] = {kept[2], kept[1]}
        table.sort(leaving, function(one, other) return one[1] < other[1] end)
    end
    for i = 1, #leaving do
        room = room - leaving[i][2]
        if room <= 0 then return leaving[i][1] - now end
    end
    return window
end

local function keep(key, kept, window)
    redis.call('SET', key, cmsgpack.pack(kept), 'PX', math.ceil(window / 1000))
end

local function places(key)
    local held, used = load(key), 0
    for process, told in pairs(held) do
        if math.abs(now - told[2]) >= silence then
            held[process] = nil
        else
            used = used + told[1]
        end
    end
    return held, used
end

local function hold(key, held, count)
    held[name] = count > 0 and {count, now} or nil
    if next(held) then
        redis.call('SET', key, cmsgpack.pack(held), 'PX', math.ceil(silence / 1000))
    else
        redis.call('DEL', key)
    end
end
"""

_LINES = """
local due, apart, me = tonumber(ARGV[4]), tonumber(ARGV[5]), name .. ARGV[6]
local LOOKS, LATE = 1100000, 200000

local function heads(key)
    local standing, yields = load(key .. ':line'), false
    for who, head in pairs(standing) do
        if head[2] <= now then
            standing[who] = nil
        elseif who ~= me and head[1] < now + due - apart then
            yields = true
        end
    end
    return standing, yields
end

local function stand(key, standing, wait)
    if not wait and not standing[me] then return end
    standing[me] = wait and {now + due, now + math.min(1.1 * wait, LOOKS) + LATE} or nil
    if next(standing) then
        redis.call('SET', key .. ':line', cmsgpack.pack(standing), 'PX', (LOOKS + LATE) / 1000)
    else
        redis.call('DEL', key .. ':line')
    end
end
"""
"""A head that does not look again, as long after its wait as `line.py` lets it, has left."""

TAKE = Script(
    _MEASURES
    + _LINES
    + """
local states, all_fit = {}, true
for i, key in ipairs(KEYS) do
    local at = 5 * i + 2
    local state = {window = tonumber(ARGV[at]), wanted = tonumber(ARGV[at + 2])}
    state.kept, state.used = (state.window > 0 and read or places)(key, state.window)
    if state.window == 0 and not state.kept[name] then
        state.held = tonumber(ARGV[at + 3])
        state.used = state.used + state.held
    end
    state.short = state.wanted > 0 and state.used + state.wanted - tonumber(ARGV[at + 1]) or 0
    if due then state.standing, state.yields = heads(key) end
    state.fits = state.short <= 0 and not state.yields
    all_fit = all_fit and state.fits
    states[i] = state
end

local answer = {now}
for i, state in ipairs(states) do
    if all_fit and state.wanted > 0 then
        if state.window > 0 then
            add(state.kept, state.window, state.wanted)
            keep(KEYS[i], state.kept, state.window)
        else
            local own = state.kept[name]
            hold(KEYS[i], state.kept, (own and own[1] or state.held) + state.wanted)
        end
        state.used = state.used + state.wanted
    end
    answer[#answer + 1] = state.used
    local pause = tonumber(ARGV[5 * i + 6])
    if state.window > 0 and not state.yields then pause = wait(state.kept, state.window, math.max(state.short, 1)) end
    answer[#answer + 1] = pause
    answer[#answer + 1] = (all_fit or state.fits) and 1 or 0
    if due then stand(KEYS[i], state.standing, not (all_fit or state.fits) and pause) end
end
return answer
"""
)
"""How long after now it counts as having come, how much earlier somebody else must have, and by what name it stands in
line (all empty: it stands in none). For each key: window (0: places), most, wanted, how many this process holds as far
as it knows, and the pause until a place may be free. Answers the instant, and for each key: used, wait, whether it
fits: for whoever stands in line it does not while one who came so much earlier waits for the same."""

CHANGE = Script(
    _MEASURES
    + """
for i, key in ipairs(KEYS) do
    local at = 3 * i + 1
    local window, instant, more = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    if window > 0 then
        local kept = read(key, window)
        if more > 0 then add(kept, window, more) else give_back(kept, window, instant, -more) end
        keep(key, kept, window)
    else
        local held = places(key)
        if held[name] then hold(key, held, held[name][1] + more) end
    end
end
"""
)
"""For each key: window, the instant it was taken at, and how much more of it there is to be."""

CORRECT = Script(
    _MEASURES
    + """
local window, truth, lasts = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local kept, used = read(KEYS[1], window)
kept[1] = math.max(0, truth - (used - kept[1]))
kept[2] = now + math.min(lasts, window)
keep(KEYS[1], kept, window)
"""
)

BEAT = Script(
    _MEASURES
    + """
for i, key in ipairs(KEYS) do
    local held = places(key)
    local own = held[name]
    hold(key, held, (ARGV[4] == '0' and own) and own[1] or tonumber(ARGV[4 + i]))
end
"""
)
"""This process lives, and holds so many of each key: to be believed where ARGV[4] is 1, else only where the server has
forgotten, since what was asked but not answered yet is not in the number."""
