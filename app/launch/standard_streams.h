// What is opened before anything else, in every program of ours that runs guests.
#pragma once

namespace launch {

/// Puts nothing (/dev/null) where this process was started without standard input, output or error: else the next file that is opened takes
/// the number, and what goes to or comes from the standard streams, a guest's too, goes into that file.
void takeStandardStreams();

}  // namespace launch
