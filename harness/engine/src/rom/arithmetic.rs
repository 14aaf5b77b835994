//! The compiler's library for integers.
//!
//! Division by zero gives all ones and the dividend as remainder, as the processor does for 32
//! bits; the C library leaves it open.

use super::function::Function;

/// The result of a function of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Word(u32),
    Pair(u64),
}

/// Calls a function of integer arithmetic with `a0` to `a3`; `None` if it is none.
pub(super) fn call(function: Function, [a0, a1, a2, a3]: [u32; 4]) -> Option<Value> {
    let a = u64::from(a1) << 32 | u64::from(a0);
    let b = u64::from(a3) << 32 | u64::from(a2);
    let (signed_a, signed_b) = (a as i64, b as i64);
    let pair = match function {
        Function::__udivdi3 => a.checked_div(b).unwrap_or(u64::MAX),
        Function::__umoddi3 => a.checked_rem(b).unwrap_or(a),
        Function::__divdi3 if b == 0 => u64::MAX,
        Function::__divdi3 => signed_a.wrapping_div(signed_b) as u64,
        Function::__moddi3 if b == 0 => a,
        Function::__moddi3 => signed_a.wrapping_rem(signed_b) as u64,
        Function::__muldi3 => a.wrapping_mul(b),
        Function::__ashldi3 => a.wrapping_shl(a2),
        Function::__ashrdi3 => signed_a.wrapping_shr(a2) as u64,
        Function::__lshrdi3 => a.wrapping_shr(a2),
        Function::__negdi2 => a.wrapping_neg(),
        Function::__bswapdi2 => a.swap_bytes(),
        _ => {
            let word = of_words(function, a0, a1).or_else(|| count_bits(function, a0, a));
            return word.or_else(|| compare(function, a, b)).map(Value::Word);
        }
    };
    Some(Value::Pair(pair))
}

/// A function of two words.
fn of_words(function: Function, a: u32, b: u32) -> Option<u32> {
    let (signed_a, signed_b) = (a as i32, b as i32);
    Some(match function {
        Function::__mulsi3 => a.wrapping_mul(b),
        Function::__udivsi3 => a.checked_div(b).unwrap_or(u32::MAX),
        Function::__umodsi3 => a.checked_rem(b).unwrap_or(a),
        Function::__divsi3 if b == 0 => u32::MAX,
        Function::__divsi3 => signed_a.wrapping_div(signed_b) as u32,
        Function::__modsi3 if b == 0 => a,
        Function::__modsi3 => signed_a.wrapping_rem(signed_b) as u32,
        Function::__bswapsi2 => a.swap_bytes(),
        Function::abs => a.cast_signed().wrapping_abs() as u32,
        _ => return None,
    })
}

/// 0 for less, 1 for equal, 2 for greater.
fn compare(function: Function, a: u64, b: u64) -> Option<u32> {
    let order = match function {
        Function::__cmpdi2 => (a as i64).cmp(&(b as i64)),
        Function::__ucmpdi2 => a.cmp(&b),
        _ => return None,
    };
    Some((order as i32 + 1) as u32)
}

fn count_bits(function: Function, word: u32, pair: u64) -> Option<u32> {
    Some(match function {
        Function::__clzsi2 => word.leading_zeros(),
        Function::__clzdi2 => pair.leading_zeros(),
        Function::__ctzsi2 => word.trailing_zeros(),
        Function::__ctzdi2 => pair.trailing_zeros(),
        Function::__popcountsi2 => word.count_ones(),
        Function::__popcountdi2 => pair.count_ones(),
        Function::__paritysi2 => word.count_ones() % 2,
        // One more than the number of the lowest bit; 0 if there is none.
        Function::__ffssi2 if word == 0 => 0,
        Function::__ffssi2 => word.trailing_zeros() + 1,
        Function::__ffsdi2 if pair == 0 => 0,
        Function::__ffsdi2 => pair.trailing_zeros() + 1,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(function: Function, a: u64, b: u64, expected: u64) {
        let words = [a as u32, (a >> 32) as u32, b as u32, (b >> 32) as u32];
        assert_eq!(call(function, words), Some(Value::Pair(expected)), "{function:?} {a} {b}");
    }

    #[test]
    fn divisions_have_the_signs_of_c() {
        let minus = |n: i64| n.wrapping_neg() as u64;
        check(Function::__udivdi3, 1_000_000_000_007, 1_000_000, 1_000_000);
        check(Function::__umoddi3, 1_000_000_000_007, 1_000_000, 7);
        check(Function::__divdi3, minus(7), 2, minus(3));
        check(Function::__moddi3, minus(7), 2, minus(1));
        check(Function::__divdi3, i64::MIN as u64, u64::MAX, i64::MIN as u64);
        check(Function::__udivdi3, 7, 0, u64::MAX);
    }

    #[test]
    fn words_are_words_and_comparisons_give_0_1_or_2() {
        let check = |function, words, expected| {
            assert_eq!(call(function, words), Some(Value::Word(expected)), "{function:?}");
        };
        check(Function::__divsi3, [7_u32.wrapping_neg(), 2, 0, 0], 3_u32.wrapping_neg());
        check(Function::__umodsi3, [7, 0, 0, 0], 7);
        check(Function::abs, [5_u32.wrapping_neg(), 0, 0, 0], 5);
        check(Function::__bswapsi2, [0x0102_0304, 0, 0, 0], 0x0403_0201);
        check(Function::__cmpdi2, [u32::MAX, u32::MAX, 0, 0], 0);
        check(Function::__ucmpdi2, [u32::MAX, u32::MAX, 0, 0], 2);
        check(Function::__ffsdi2, [0, 1, 0, 0], 33);
    }

    #[test]
    fn shifts_take_their_distance_from_a2() {
        check(Function::__ashldi3, 1, 40, 1 << 40);
        check(Function::__lshrdi3, 1 << 40, 40, 1);
        check(Function::__ashrdi3, u64::MAX << 40, 40, u64::MAX);
    }
}
