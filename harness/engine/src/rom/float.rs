//! The compiler's library for floating-point numbers.
//!
//! The host computes as IEEE 754 says, which is the same everywhere but for the bits of a result
//! that is no number: that is the canonical one here. Conversions that do not fit saturate.

use super::arithmetic::Value;
use super::function::Function;
use std::cmp::Ordering;

/// Calls a function of floating-point arithmetic with `a0` to `a3`; `None` if it is none.
pub(super) fn call(function: Function, words: [u32; 4]) -> Option<Value> {
    arithmetic(function, words)
        .or_else(|| conversion(function, words))
        .or_else(|| comparison(function, words))
}

fn double(low: u32, high: u32) -> f64 {
    f64::from_bits(u64::from(high) << 32 | u64::from(low))
}

fn of_double(value: f64) -> Value {
    Value::Pair(if value.is_nan() { 0x7FF8_0000_0000_0000 } else { value.to_bits() })
}

fn of_single(value: f32) -> Value {
    Value::Word(if value.is_nan() { 0x7FC0_0000 } else { value.to_bits() })
}

fn arithmetic(function: Function, [a0, a1, a2, a3]: [u32; 4]) -> Option<Value> {
    let (a, b) = (double(a0, a1), double(a2, a3));
    let (single_a, single_b) = (f32::from_bits(a0), f32::from_bits(a1));
    Some(match function {
        Function::__adddf3 => of_double(a + b),
        Function::__subdf3 => of_double(a - b),
        Function::__muldf3 => of_double(a * b),
        Function::__divdf3 => of_double(a / b),
        Function::__addsf3 => of_single(single_a + single_b),
        Function::__subsf3 => of_single(single_a - single_b),
        Function::__mulsf3 => of_single(single_a * single_b),
        Function::__divsf3 => of_single(single_a / single_b),
        _ => return None,
    })
}

fn conversion(function: Function, [a0, a1, ..]: [u32; 4]) -> Option<Value> {
    let pair = u64::from(a1) << 32 | u64::from(a0);
    let (a, single) = (f64::from_bits(pair), f32::from_bits(a0));
    Some(match function {
        Function::__negdf2 => Value::Pair(pair ^ 1 << 63),
        Function::__negsf2 => Value::Word(a0 ^ 1 << 31),
        Function::__extendsfdf2 => of_double(f64::from(single)),
        Function::__truncdfsf2 => of_single(a as f32),
        Function::__fixdfdi => Value::Pair(a as i64 as u64),
        Function::__fixdfsi => Value::Word(a as i32 as u32),
        Function::__fixunsdfsi => Value::Word(a as u32),
        Function::__fixsfdi => Value::Pair(single as i64 as u64),
        Function::__fixunssfdi => Value::Pair(single as u64),
        Function::__fixsfsi => Value::Word(single as i32 as u32),
        Function::__fixunssfsi => Value::Word(single as u32),
        Function::__floatdidf => of_double(pair as i64 as f64),
        Function::__floatdisf => of_single(pair as i64 as f32),
        Function::__floatundidf => of_double(pair as f64),
        Function::__floatundisf => of_single(pair as f32),
        Function::__floatsidf => of_double(f64::from(a0 as i32)),
        Function::__floatsisf => of_single(a0 as i32 as f32),
        Function::__floatunsidf => of_double(f64::from(a0)),
        Function::__floatunsisf => of_single(a0 as f32),
        _ => return None,
    })
}

/// Below, equal and above are -1, 0 and 1; what cannot be compared is on the side that makes the
/// caller's question false.
fn comparison(function: Function, [a0, a1, a2, a3]: [u32; 4]) -> Option<Value> {
    let doubles = double(a0, a1).partial_cmp(&double(a2, a3));
    let singles = f32::from_bits(a0).partial_cmp(&f32::from_bits(a1));
    let of = |ordering: Option<Ordering>, unordered: i32| {
        Value::Word(ordering.map_or(unordered, |ordering| ordering as i32) as u32)
    };
    Some(match function {
        Function::__eqdf2 | Function::__nedf2 | Function::__ltdf2 | Function::__ledf2 => {
            of(doubles, 1)
        }
        Function::__eqsf2 | Function::__nesf2 | Function::__ltsf2 | Function::__lesf2 => {
            of(singles, 1)
        }
        Function::__gedf2 | Function::__gtdf2 => of(doubles, -1),
        Function::__gesf2 | Function::__gtsf2 => of(singles, -1),
        Function::__unorddf2 => Value::Word(u32::from(doubles.is_none())),
        Function::__unordsf2 => Value::Word(u32::from(singles.is_none())),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(a: f64, b: f64) -> [u32; 4] {
        let [a, b] = [a.to_bits(), b.to_bits()];
        [a as u32, (a >> 32) as u32, b as u32, (b >> 32) as u32]
    }

    #[test]
    fn doubles_are_computed_in_pairs_of_registers() {
        let sum = call(Function::__adddf3, words(1.5, 2.25));
        assert_eq!(sum, Some(Value::Pair(3.75_f64.to_bits())));
        let nothing = call(Function::__divdf3, words(0.0, 0.0));
        assert_eq!(nothing, Some(Value::Pair(0x7FF8_0000_0000_0000)));
    }

    #[test]
    fn what_cannot_be_compared_answers_no() {
        let of = |function| call(function, words(f64::NAN, 1.0));
        assert_eq!(of(Function::__ltdf2), Some(Value::Word(1)));
        assert_eq!(of(Function::__gedf2), Some(Value::Word(u32::MAX)));
        assert_eq!(of(Function::__unorddf2), Some(Value::Word(1)));
    }
}
