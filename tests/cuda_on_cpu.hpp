// What g++ needs to compile a CUDA source, and to run it: see cuda_on_cpu.py.
//
// The threads of a block are fibers of one thread of the processor. Each runs until it waits at a __syncthreads();
// when all wait at the same one, all go on. Blocks run one after the other.

#include <math.h>
#include <setjmp.h>
#include <string.h>
#include <ucontext.h>

#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
};
static dim3 threadIdx, blockIdx, blockDim, gridDim;

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)
// Shared memory is one for all threads, in a section of its own, so that it can be spoilt before each block.
#define __shared__ static __attribute__((section("shared")))
#define __syncthreads() cuda_on_cpu::wait_at(__LINE__)

extern "C" __attribute__((weak, visibility("hidden"))) char __start_shared[], __stop_shared[];

namespace cuda_on_cpu {

enum { RUNNING = 0, FINISHED = -1 };  // and positive: the line of the __syncthreads() where it waits

struct Fiber {
    ucontext_t start;
    jmp_buf place;
    bool started;
    int state;
    std::vector<char> stack = std::vector<char>(1 << 15);
};
static std::vector<Fiber> fibers;
static Fiber* current;
static jmp_buf scheduler;
static std::function<void()> body;

static void wait_at(int line) {
    current->state = line;
    if (!_setjmp(current->place)) _longjmp(scheduler, 1);
}

static void run_body() {
    body();
    current->state = FINISHED;
    _longjmp(scheduler, 1);
}

static void resume(Fiber& fiber) {
    current = &fiber;
    if (_setjmp(scheduler)) return;
    if (fiber.started) _longjmp(fiber.place, 1);
    fiber.started = true;
    setcontext(&fiber.start);
}

static void enter_thread(unsigned i) {
    threadIdx = {i % blockDim.x, i / blockDim.x % blockDim.y, i / blockDim.x / blockDim.y};
}

// 0, or 1 if not all threads came to the same __syncthreads().
static int run_block_of_fibers(unsigned threads, bool backwards) {
    if (fibers.size() < threads) fibers = std::vector<Fiber>(threads);
    for (unsigned i = 0; i < threads; i++) {
        Fiber& fiber = fibers[i];
        getcontext(&fiber.start);
        fiber.start.uc_stack.ss_sp = fiber.stack.data();
        fiber.start.uc_stack.ss_size = fiber.stack.size();
        fiber.started = false;
        makecontext(&fiber.start, run_body, 0);
    }
    do {
        for (unsigned k = 0; k < threads; k++) {
            unsigned i = backwards ? threads - 1 - k : k;
            enter_thread(i);
            resume(fibers[i]);
        }
        for (unsigned i = 1; i < threads; i++)
            if (fibers[i].state != fibers[0].state) return 1;
    } while (fibers[0].state != FINISHED);
    return 0;
}

template <class T>
std::string code_of() {  // "f4" for float, "*i8" for an array of long long
    if constexpr (std::is_pointer_v<T>) {
        return "*" + code_of<std::remove_cv_t<std::remove_pointer_t<T>>>();
    } else if constexpr (std::is_class_v<T>) {
        return "struct";
    } else {
        const char* kind = std::is_floating_point_v<T> ? "f" : std::is_same_v<T, bool> ? "b" : std::is_signed_v<T> ? "i" : "u";
        return kind + std::to_string(sizeof(T));
    }
}

template <class... A>
std::string signature_of(void (*)(A...)) {
    return ((code_of<A>() + " ") + ...);
}

template <class... A, size_t... I>
int run(void (*kernel)(A...), void** arguments, bool synchronizes, bool backwards, std::index_sequence<I...>) {
    body = [=] { kernel(*static_cast<A*>(arguments[I])...); };
    unsigned threads = blockDim.x * blockDim.y * blockDim.z;
    for (unsigned z = 0; z < gridDim.z; z++)
        for (unsigned y = 0; y < gridDim.y; y++)
            for (unsigned x = 0; x < gridDim.x; x++) {
                blockIdx = {x, y, z};
                if (__start_shared) memset(__start_shared, 0xff, __stop_shared - __start_shared);  // all NaN
                if (synchronizes) {
                    if (run_block_of_fibers(threads, backwards)) return 1;
                    continue;
                }
                for (unsigned k = 0; k < threads; k++) {
                    enter_thread(backwards ? threads - 1 - k : k);
                    body();
                }
            }
    return 0;
}

template <class... A>
int run(void (*kernel)(A...), void** arguments, bool synchronizes, bool backwards) {
    return run(kernel, arguments, synchronizes, backwards, std::index_sequence_for<A...>());
}

}  // namespace cuda_on_cpu

// What Python calls, for each kernel.
#define EXPORT(NAME)                                                                                             \
    extern "C" const char* signature_##NAME() {                                                                  \
        static std::string text = cuda_on_cpu::signature_of(NAME);                                               \
        return text.c_str();                                                                                     \
    }                                                                                                            \
    extern "C" int launch_##NAME(const unsigned* grid, const unsigned* block, void** arguments,                  \
                                 int synchronizes, int backwards) {                                              \
        gridDim = {grid[0], grid[1], grid[2]};                                                                   \
        blockDim = {block[0], block[1], block[2]};                                                               \
        return cuda_on_cpu::run(NAME, arguments, synchronizes, backwards);                                       \
    }
