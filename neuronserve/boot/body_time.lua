-- How long a request's body may take. nginx bounds only the pauses within it, and closes the connection without
-- an answer; here it gets one (nginx.conf makes 598 a 408).
--
-- receive(pause, total): read the body, as proxy_pass would; 598 where nothing of it came for `pause` seconds, or
-- where it is not whole after `total` seconds and one more for each 64 KiB that came (as mod_reqtimeout's MinRate):
-- who sends at that pace may send as much as SERVE_MAX_BODY_MB allows. A body that came with its headers costs no timer: under 1 µs.

local spawn, wait, kill, sleep = ngx.thread.spawn, ngx.thread.wait, ngx.thread.kill, ngx.sleep
local status, now, var = coroutine.status, ngx.now, ngx.var
local LOOK_SECONDS = 0.5
local BYTES_A_SECOND = 65536

local function too_slow(pause, total)
    local began = now()
    local moved, received = began, var.request_length
    while true do
        sleep(LOOK_SECONDS)
        local length, time = var.request_length, now()
        if length ~= received then
            moved, received = time, length
        end
        if time - moved >= pause or time - began >= total + tonumber(length) / BYTES_A_SECOND then
            return true
        end
    end
end

local function read()
    ngx.req.read_body()
end

function receive(pause, total)
    local reader = spawn(read)
    local state = status(reader)
    if state == "zombie" or state == "dead" then
        return  -- it was there already
    end
    local clock = spawn(too_slow, pause, total)
    local _, late = wait(reader, clock)
    if late then
        return ngx.exit(598)
    end
    kill(clock)
end
