#include "algebra/gemm.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

// HENDERSON_NO_X86 leaves Eigen alone, as on other processors (tools/check-portability.sh).
#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__)) && \
    !defined(HENDERSON_NO_X86)
#define HENDERSON_HAS_X86_KERNELS 1
#endif

namespace henderson {

namespace {

// c (MR x NR tile) += alpha * packed a (k steps of MR) * packed b (k steps of NR).
using MicroKernel = void (*)(Index k, const double* a, const double* b, double* c, Index ldc,
                             double alpha);

struct KernelChoice {
  GemmKernel kind = GemmKernel::kEigen;
  MicroKernel run = nullptr;
  int mr = 0;
  int nr = 0;
};

constexpr Index kDepth = 256;  // k per packed block: a panel of B stays in the first-level cache
constexpr Index kRows = 240;   // rows per packed block of A (a multiple of every MR): second level
constexpr Index kColumns = 2048;  // columns per packed block of B
constexpr int kLargestTile = 24 * 8;

#ifdef HENDERSON_HAS_X86_KERNELS

// Not `using`: there clang ignores the alignment, and stores as if C were aligned to the vector.
typedef double Vector8 __attribute__((vector_size(64), aligned(8), may_alias));
typedef double Vector4 __attribute__((vector_size(32), aligned(8), may_alias));

// One body for both instruction sets: the attribute decides what the vector type compiles to.
#define HENDERSON_MICRO_KERNEL(NAME, TARGET, VECTOR, LANES, PARTS, NR)                            \
  __attribute__((target(TARGET))) void NAME(Index k, const double* a, const double* b, double* c, \
                                            Index ldc, double alpha) {                            \
    VECTOR sum[PARTS][NR];                                                                        \
    _Pragma("GCC unroll 8") for (int i = 0; i < PARTS; ++i) {                                     \
      _Pragma("GCC unroll 8") for (int j = 0; j < NR; ++j) sum[i][j] = VECTOR{};                  \
    }                                                                                             \
    for (Index step = 0; step < k; ++step, a += PARTS * LANES, b += NR) {                         \
      VECTOR left[PARTS];                                                                         \
      _Pragma("GCC unroll 8") for (int i = 0; i < PARTS; ++i) {                                   \
        left[i] = *reinterpret_cast<const VECTOR*>(a + i * LANES);                                \
      }                                                                                           \
      _Pragma("GCC unroll 8") for (int j = 0; j < NR; ++j) {                                      \
        const VECTOR right = VECTOR{} + b[j];                                                     \
        _Pragma("GCC unroll 8") for (int i = 0; i < PARTS; ++i) sum[i][j] += left[i] * right;     \
      }                                                                                           \
    }                                                                                             \
    _Pragma("GCC unroll 8") for (int j = 0; j < NR; ++j) {                                        \
      _Pragma("GCC unroll 8") for (int i = 0; i < PARTS; ++i) {                                   \
        VECTOR* target = reinterpret_cast<VECTOR*>(c + j * ldc + i * LANES);                      \
        *target = *target + alpha * sum[i][j];                                                    \
      }                                                                                           \
    }                                                                                             \
  }

HENDERSON_MICRO_KERNEL(micro_avx512, "avx512f", Vector8, 8, 3, 8)
HENDERSON_MICRO_KERNEL(micro_avx2, "avx2,fma", Vector4, 4, 3, 4)

#undef HENDERSON_MICRO_KERNEL

bool find_kernel(GemmKernel kind, KernelChoice* choice) {
  if (kind == GemmKernel::kAvx512 && __builtin_cpu_supports("avx512f")) {
    *choice = {kind, micro_avx512, 24, 8};
    return true;
  }
  if (kind == GemmKernel::kAvx2 && __builtin_cpu_supports("avx2") &&
      __builtin_cpu_supports("fma")) {
    *choice = {kind, micro_avx2, 12, 4};
    return true;
  }
  return false;
}

#else

bool find_kernel(GemmKernel, KernelChoice*) { return false; }

#endif  // HENDERSON_HAS_X86_KERNELS

KernelChoice best_kernel() {
  KernelChoice choice;
  if (!find_kernel(GemmKernel::kAvx512, &choice)) find_kernel(GemmKernel::kAvx2, &choice);
  return choice;
}

KernelChoice& current_kernel() {
  static KernelChoice choice = best_kernel();
  return choice;
}

// Scratch memory aligned to a cache line, kept between calls.
class AlignedBuffer {
 public:
  double* get(std::size_t size) {
    if (storage_.size() < size + 8) storage_.resize(size + 8);
    const auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
    return storage_.data() + ((64 - address % 64) % 64) / sizeof(double);
  }

 private:
  std::vector<double> storage_;
};

// Panels of `tile` rows (columns for B): step by step contiguous, the last one filled with zeros.
// first/along: strides within a tile and along k.
void pack(const double* source, Index first, Index along, Index extent, Index k, int tile,
          double* target) {
  for (Index start = 0; start < extent; start += tile) {
    const Index used = std::min<Index>(tile, extent - start);
    const double* from = source + start * first;
    for (Index step = 0; step < k; ++step, from += along) {
      if (first == 1 && used == tile) {
        std::memcpy(target, from, tile * sizeof(double));
      } else {
        for (Index i = 0; i < used; ++i) target[i] = from[i * first];
        for (Index i = used; i < tile; ++i) target[i] = 0;
      }
      target += tile;
    }
  }
}

struct Block {
  Index row;  // position of the block in C
  Index column;
  Index m;
  Index n;
  Index k;
};

// Multiplies one packed block of A with one of B into C.
void multiply_block(const KernelChoice& kernel, const Block& block, const double* a,
                    const double* b, double alpha, double* c, Index ldc, bool lower_only) {
  double tile[kLargestTile];
  for (Index j = 0; j < block.n; j += kernel.nr) {
    const Index columns = std::min<Index>(kernel.nr, block.n - j);
    for (Index i = 0; i < block.m; i += kernel.mr) {
      const Index rows = std::min<Index>(kernel.mr, block.m - i);
      const Index row = block.row + i;
      const Index column = block.column + j;
      if (lower_only && row + rows <= column) continue;
      double* target = c + row + column * ldc;
      const double* left = a + i * block.k;
      const double* right = b + j * block.k;
      const bool below = !lower_only || row >= column + columns - 1;
      if (rows == kernel.mr && columns == kernel.nr && below) {
        kernel.run(block.k, left, right, target, ldc, alpha);
        continue;
      }
      std::fill(tile, tile + kernel.mr * kernel.nr, 0.0);
      kernel.run(block.k, left, right, tile, kernel.mr, alpha);
      for (Index q = 0; q < columns; ++q) {
        for (Index r = 0; r < rows; ++r) {
          if (!lower_only || row + r >= column + q) target[r + q * ldc] += tile[r + q * kernel.mr];
        }
      }
    }
  }
}

}  // namespace

GemmKernel gemm_kernel() { return current_kernel().kind; }

bool set_gemm_kernel(GemmKernel kernel) {
  KernelChoice choice;
  if (kernel != GemmKernel::kEigen && !find_kernel(kernel, &choice)) return false;
  current_kernel() = choice;
  return true;
}

bool packed_gemm(Index m, Index n, Index k, double alpha, const StridedMatrix& a,
                 const StridedMatrix& b, double* c, Index ldc, bool lower_only) {
  const KernelChoice& kernel = current_kernel();
  if (kernel.run == nullptr) return false;
  // Packing costs (m + n) k: small or thin products are Eigen's.
  if (m < 8 || n < 8 || k < 8 || m * n * k < 16000) return false;
  thread_local AlignedBuffer buffer_a;
  thread_local AlignedBuffer buffer_b;
  for (Index column = 0; column < n; column += kColumns) {
    const Index columns = std::min(kColumns, n - column);
    for (Index depth = 0; depth < k; depth += kDepth) {
      const Index steps = std::min(kDepth, k - depth);
      double* packed_b = buffer_b.get(steps * (columns + kernel.nr));
      pack(b.data + depth * b.row + column * b.column, b.column, b.row, columns, steps, kernel.nr,
           packed_b);
      for (Index row = lower_only ? (column / kRows) * kRows : 0; row < m; row += kRows) {
        const Index rows = std::min(kRows, m - row);
        double* packed_a = buffer_a.get(steps * (rows + kernel.mr));
        pack(a.data + row * a.row + depth * a.column, a.row, a.column, rows, steps, kernel.mr,
             packed_a);
        multiply_block(kernel, {row, column, rows, columns, steps}, packed_a, packed_b, alpha, c,
                       ldc, lower_only);
      }
    }
  }
  return true;
}

}  // namespace henderson
