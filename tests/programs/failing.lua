-- What is wrong with it, tests/sessions/scripts.dbg shows.
return function(call)
    if call.k == 1 then return {errno = "nope"} end
    error("no idea of " .. call.path)
end
