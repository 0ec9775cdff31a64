-- A file that comes as over a slow network: 300 bytes at a time, with a hiccup in the third read.
-- wscope run --trust-scripts . --mock slow-network.json --dir . wordcount.wasm sample.txt
local reads = 0

return function(call)
    if not call.file:glob("*.txt") then return end
    reads = reads + 1
    if reads == 3 then return {errno = "again", note = "a hiccup in read " .. reads} end
    return {short = 300, delay = "1ms"}
end
