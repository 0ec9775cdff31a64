// Reads a drawing, one shape a line, and adds up the areas by colour. Rust values to look at in Variables: enums
// with payloads, Option, Result, Box, Vec, String, slices, HashMap and a trait object.
use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead};

const DRAWING: &str = "red circle 2.0
green rect 3.0 4.5
red triangle 3.0 4.0 5.0
- scaled 2 rect 1.0 1.0
green circle one
blue group 2 circle 1.0 rect 2.0 2.0";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Colour {
    Red,
    Green,
    Blue,
}

#[derive(Debug)]
enum Shape {
    Circle { radius: f64 },
    Rect { width: f64, height: f64 },
    Triangle([f64; 3]),
    Group(Vec<Shape>),
    Scaled(f64, Box<Shape>),
}

#[derive(Debug)]
enum ParseError {
    Missing(&'static str),
    Number { text: String, column: usize },
    Unknown(String),
}

#[derive(Debug)]
struct Drawn {
    colour: Option<Colour>,
    shape: Shape,
    line: u32,
}

trait Area {
    fn area(&self) -> f64;
}

impl Area for Shape {
    fn area(&self) -> f64 {
        match self {
            Shape::Circle { radius } => std::f64::consts::PI * radius * radius,
            Shape::Rect { width, height } => width * height,
            Shape::Triangle([a, b, c]) => {
                let half = (a + b + c) / 2.0;
                (half * (half - a) * (half - b) * (half - c)).sqrt()
            }
            Shape::Group(shapes) => shapes.iter().map(Area::area).sum(),
            Shape::Scaled(factor, shape) => factor * factor * shape.area(),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            ParseError::Missing(what) => write!(out, "{what} is missing"),
            ParseError::Number { text, column } => write!(out, "column {column}: '{text}' is not a number"),
            ParseError::Unknown(name) => write!(out, "unknown shape '{name}'"),
        }
    }
}

struct Words<'a> {
    line: &'a str,
    position: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.line[self.position..].trim_start();
        self.position = self.line.len() - rest.len();
        let word = rest.split_whitespace().next()?;
        self.position += word.len();
        Some(word)
    }

    fn number(&mut self, what: &'static str) -> Result<f64, ParseError> {
        let text = self.next().ok_or(ParseError::Missing(what))?;
        text.parse().map_err(|_| ParseError::Number {
            text: text.to_string(),
            column: self.position - text.len() + 1,
        })
    }
}

fn parse_shape(words: &mut Words) -> Result<Shape, ParseError> {
    let name = words.next().ok_or(ParseError::Missing("a shape"))?;
    Ok(match name {
        "circle" => Shape::Circle { radius: words.number("the radius")? },
        "rect" => Shape::Rect { width: words.number("the width")?, height: words.number("the height")? },
        "triangle" => Shape::Triangle([words.number("side a")?, words.number("side b")?, words.number("side c")?]),
        "scaled" => Shape::Scaled(words.number("the factor")?, Box::new(parse_shape(words)?)),
        "group" => {
            let mut shapes = Vec::new();
            for _ in 0..words.number("the count")? as usize {
                shapes.push(parse_shape(words)?);
            }
            Shape::Group(shapes)
        }
        _ => return Err(ParseError::Unknown(name.to_string())),
    })
}

fn parse_line(line: &str, number: u32) -> Result<Drawn, ParseError> {
    let mut words = Words { line, position: 0 };
    let colour = match words.next() {
        Some("red") => Some(Colour::Red),
        Some("green") => Some(Colour::Green),
        Some("blue") => Some(Colour::Blue),
        Some(_) => None,
        None => return Err(ParseError::Missing("the colour")),
    };
    Ok(Drawn { colour, shape: parse_shape(&mut words)?, line: number })
}

fn largest(shapes: &[Drawn]) -> Option<&dyn Area> {
    let mut best: Option<&Drawn> = None;
    for drawn in shapes {
        if best.map_or(true, |other| drawn.shape.area() > other.shape.area()) {
            best = Some(drawn);
        }
    }
    best.map(|drawn| &drawn.shape as &dyn Area)
}

fn main() {
    // `shapes -` reads the drawing from standard input.
    let lines: Vec<String> = match std::env::args().nth(1).as_deref() {
        Some("-") => io::stdin().lock().lines().map_while(Result::ok).collect(),
        _ => DRAWING.lines().map(String::from).collect(),
    };

    let mut drawing = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        match parse_line(line, index as u32 + 1) {
            Ok(drawn) => drawing.push(drawn),
            Err(error) => println!("line {}: {error}", index + 1),
        }
    }

    let mut areas: HashMap<Option<Colour>, f64> = HashMap::new();
    for drawn in &drawing {
        let area = drawn.shape.area();
        *areas.entry(drawn.colour).or_insert(0.0) += area;
        println!("line {}: {:?} {:.2}", drawn.line, drawn.shape, area);
    }

    let mut table: Vec<_> = areas.into_iter().collect();
    table.sort_by_key(|(colour, _)| *colour);
    for (colour, area) in &table {
        let name = colour.map_or("no colour".to_string(), |colour| format!("{colour:?}"));
        println!("{name:<10} {area:8.2}");
    }
    if let Some(shape) = largest(&drawing) {
        println!("largest    {:8.2}", shape.area());
    }
}
