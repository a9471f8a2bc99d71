//! How values of a kind of type are made: scalars by the functions of [`super::scalar`], the others out of them.
use fastrand::Rng;

/// What a type's values look like.
#[derive(Clone)]
pub(crate) enum Kind {
    Scalar(fn(&mut Rng) -> String),
    /// Of elements of a kind, parted by the type's delimiter.
    Array(Box<Kind>, char),
    Composite(Vec<Kind>),
    /// Between any two of these, which are in order.
    Range(&'static [&'static str]),
    Multirange(&'static [&'static str]),
}

impl Kind {
    pub(crate) fn array(self) -> Kind {
        Kind::Array(Box::new(self), ',')
    }

    /// A value's text, as the type's input function reads it under any settings.
    pub(crate) fn text(&self, rng: &mut Rng) -> String {
        match self {
            Kind::Scalar(make) => make(rng),
            Kind::Array(of, delimiter) => array(of, *delimiter, rng),
            Kind::Composite(fields) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|field| if rng.u8(..5) == 0 { String::new() } else { quoted(&field.text(rng)) })
                    .collect();
                format!("({})", fields.join(","))
            }
            Kind::Range(bounds) => range(bounds, rng),
            Kind::Multirange(bounds) => {
                let ranges: Vec<String> = (0..rng.usize(..4)).map(|_| range(bounds, rng)).collect();
                format!("{{{}}}", ranges.join(","))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn range(bounds: &[&str], rng: &mut Rng) -> String {
    if rng.u8(..8) == 0 {
        return "empty".to_owned();
    }
    let (a, b) = (rng.usize(..bounds.len()), rng.usize(..bounds.len()));
    let side = |at: usize, rng: &mut Rng| if rng.u8(..6) == 0 { String::new() } else { quoted(bounds[at]) };
    let (low, high) = (side(a.min(b), rng), side(a.max(b), rng));
    let (open, close) = (if rng.bool() { '[' } else { '(' }, if rng.bool() { ']' } else { ')' });
    format!("{open}{low},{high}{close}")
}

/// One to three dimensions with bounds of their own, or empty.
fn array(of: &Kind, delimiter: char, rng: &mut Rng) -> String {
    let sizes: Vec<usize> = (0..rng.usize(..4)).map(|_| rng.usize(1..3)).collect();
    if sizes.is_empty() {
        return "{}".to_owned();
    }
    let bounds: String = if rng.bool() {
        let bound = |size: &usize| {
            let low = rng.i32(-3..4);
            format!("[{low}:{}]", low + *size as i32 - 1)
        };
        sizes.iter().map(bound).collect::<String>() + "="
    } else {
        String::new()
    };
    bounds + &nested(of, &sizes, delimiter, rng)
}

fn nested(of: &Kind, sizes: &[usize], delimiter: char, rng: &mut Rng) -> String {
    let Some((size, inner)) = sizes.split_first() else {
        return if rng.u8(..5) == 0 { "NULL".to_owned() } else { quoted(&of.text(rng)) };
    };
    let parts: Vec<String> = (0..*size).map(|_| nested(of, inner, delimiter, rng)).collect();
    format!("{{{}}}", parts.join(&delimiter.to_string()))
}
